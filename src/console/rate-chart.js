import { el } from './element.js'
import { bytes, clockTime, rate } from './format.js'
import { historySeconds } from './rate-history.js'
import { colourOf } from './theme.js'
import uPlot from './uplot.js'

/** Colours of series, as the style sheet names them. */
const palette = Array.from({ length: 8 }, (_, index) => `--series-${index + 1}`)

/** What a chart shows at least, so that the first samples are no wall. */
const shortestSeconds = 60
/** Marks at round numbers of bytes. */
const byteSteps = Array.from({ length: 50 }, (_, power) => 2 ** power)

/** @typedef {{ readonly label: string, readonly unit?: 'bytes' }} Series */

/** A chart of rates over the last five minutes. It follows its frame's width and the page's colours. */
export class RateChart {
  /** @type {uPlot | undefined} */
  #plot
  /** @type {readonly Series[]} */
  #series = []
  /** @type {(number | null)[][]} */
  #data = [[]]
  #height
  #frame
  #observer
  #onTheme = () => this.#make()

  /**
   * @param {string} title
   * @param {number} [height]
   */
  constructor(title, height = 150) {
    this.#height = height
    this.#frame = el('div', { class: 'chart-frame' })
    this.element = el(
      'figure',
      { class: 'chart', role: 'group', 'aria-label': title },
      el('figcaption', {}, title),
      this.#frame,
    )
    this.#observer = new ResizeObserver(() => this.#resize())
    this.#observer.observe(this.#frame)
    document.addEventListener('themechange', this.#onTheme)
  }

  /**
   * @param {readonly Series[]} series
   * @param {(number | null)[][]} data seconds, then a column for each series
   */
  show(series, data) {
    const same =
      series.length === this.#series.length &&
      series.every(({ label }, index) => label === this.#series[index]?.label)
    this.#series = series
    this.#data = data
    if (this.#plot === undefined || !same) this.#make()
    else this.#plot.setData(/** @type {any} */ (this.#data))
    this.#showNewest()
  }

  /** The legend says what is now, unless somebody points at another moment. */
  #showNewest() {
    const { idx } = this.#plot?.cursor ?? {}
    if (idx === null || idx === undefined)
      this.#plot?.setLegend({ idx: (this.#data[0]?.length ?? 0) - 1 }, false)
  }

  destroy() {
    this.#observer.disconnect()
    document.removeEventListener('themechange', this.#onTheme)
    this.#plot?.destroy()
  }

  #resize() {
    const width = this.#frame.clientWidth
    if (width > 0) this.#plot?.setSize({ width, height: this.#height })
  }

  #make() {
    this.#plot?.destroy()
    this.#plot = undefined
    if (this.#series.length === 0) return
    const text = colourOf('--text-muted')
    const axis = {
      stroke: text,
      grid: { stroke: colourOf('--line'), width: 1 },
      ticks: { stroke: colourOf('--line'), width: 1, size: 4 },
      font: '11px system-ui, sans-serif',
      gap: 4,
      space: 80,
      size: 28,
      values: (/** @type {unknown} */ _plot, /** @type {number[]} */ at) => at.map(timeOf),
    }
    this.#plot = new uPlot(
      {
        width: this.#frame.clientWidth || 400,
        height: this.#height,
        scales: { x: { time: true, range: lastMinutes }, y: { range: fromZero }, bytes: { range: fromZero } },
        axes: this.#axes(axis),
        series: [{ value: atTime }, ...this.#series.map(lineOf)],
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        legend: { live: true },
      },
      /** @type {any} */ (this.#data),
      this.#frame,
    )
    // The chart is drawn when this turn is over, and forgets what its legend said before.
    queueMicrotask(() => this.#showNewest())
  }

  /** @param {Record<string, unknown>} axis */
  #axes(axis) {
    const right = this.#series.some(({ unit }) => unit === 'bytes')
    const left = {
      ...axis,
      size: 52,
      space: 30,
      values: (/** @type {unknown} */ _plot, /** @type {number[]} */ at) => at.map(rate),
    }
    const bytesAxis = {
      ...axis,
      scale: 'bytes',
      side: 1,
      size: 74,
      incrs: byteSteps,
      space: 30,
      grid: { show: false },
      values: (/** @type {unknown} */ _plot, /** @type {number[]} */ at) =>
        at.map((value) => `${bytes(value)}/s`),
    }
    return right ? [axis, left, bytesAxis] : [axis, left]
  }
}

/**
 * @param {Series} series
 * @param {number} index
 */
function lineOf({ label, unit }, index) {
  const stroke = colourOf(palette[index % palette.length] ?? '')
  return {
    label,
    stroke,
    width: 1.5,
    // Bytes mostly rise and fall with records: both lines can be seen where one lies on the other.
    dash: unit === 'bytes' ? [6, 4] : [],
    points: { show: false },
    scale: unit ?? 'y',
    value: (/** @type {unknown} */ _plot, /** @type {number | null} */ value) => {
      if (value === null || value === undefined) return '–'
      return unit === 'bytes' ? `${bytes(value)}/s` : `${rate(value)}/s`
    },
  }
}

/**
 * @param {unknown} _plot
 * @param {number | null} min
 * @param {number | null} max
 * @returns {[number, number]}
 */
function lastMinutes(_plot, min, max) {
  const end = max ?? 0
  const since = Math.max(shortestSeconds, Math.min(historySeconds, end - (min ?? end)))
  return [end - since, end]
}

/**
 * @param {unknown} _plot
 * @param {number | null} _min
 * @param {number | null} max
 * @returns {[number, number]}
 */
function fromZero(_plot, _min, max) {
  return [0, Math.max(1, (max ?? 0) * 1.1)]
}

/**
 * @param {unknown} _plot
 * @param {number | null} seconds
 */
function atTime(_plot, seconds) {
  return seconds === null || seconds === undefined ? '–' : timeOf(seconds)
}

/** @param {number} seconds since 1970 */
function timeOf(seconds) {
  return clockTime(seconds * 1000).slice(0, 8)
}
