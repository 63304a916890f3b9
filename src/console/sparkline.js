import { svg } from './element.js'

const width = 72
const height = 18

/** A line of the last minute, without axes: whether it goes up or down. */
export class Sparkline {
  #line = svg('polyline', { fill: 'none', points: '' })

  constructor() {
    this.element = svg(
      'svg',
      { class: 'sparkline', width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
      this.#line,
    )
  }

  /**
   * @param {readonly number[]} values the newest last
   * @param {number} most values that fill its width
   */
  show(values, most) {
    const top = Math.max(1, ...values)
    const step = width / (most - 1)
    const from = width - (values.length - 1) * step
    const points = values.map(
      (value, index) =>
        `${(from + index * step).toFixed(1)},${(height - 1.5 - (value / top) * (height - 3)).toFixed(1)}`,
    )
    this.#line.setAttribute('points', points.join(' '))
  }
}
