import { DeliveriesTable } from './deliveries-table.js'
import { el, refill, setText } from './element.js'
import { EventFeed } from './event-feed.js'
import { bytes, count, duration, rate, retention } from './format.js'
import { RateChart } from './rate-chart.js'
import { RateHistory } from './rate-history.js'
import { Ring } from './ring.js'
import { Sparkline } from './sparkline.js'
import { askCreate } from './stream-dialogs.js'
import { notice } from './notices.js'

/**
 * @typedef {import('./api.js').Target & {
 *   readonly id: string, readonly status: string, readonly mode: string, readonly openShards: number,
 *   readonly closedShards: number, readonly retentionHours: number, readonly consumers: number,
 *   readonly records: number, readonly bytes: number, readonly recordsPerSecond: number,
 *   readonly bytesPerSecond: number, readonly oldestMs: number | null, readonly newestMs: number | null,
 *   readonly iteratorAgeMs: number | null }} StreamRow
 */

/** Seconds of a sparkline. */
const sparkSeconds = 60
/** Rows that are drawn: the filter finds the others. */
const rowsMax = 500
const columns = [
  'Stream',
  'Status',
  'Mode',
  'Shards',
  'Records/s',
  '',
  'Bytes/s',
  'Records',
  'Size',
  'Oldest / retention',
  'Iterator age',
  'Consumers',
]
/** @type {Readonly<Record<string, string>>} */
const hints = {
  'Bytes/s': 'What is stored, with the frames of records',
  Size: 'What is stored, with the frames of records',
  'Oldest / retention': 'Age of the oldest record, and how long records are kept',
  'Iterator age':
    'How old the records were that were read in the last two minutes; of streams that are monitored by shard',
}
const numeric = new Set([3, 4, 6, 7, 8, 9, 10, 11])

/** All streams, and what happens to them; and all delivery streams. */
export class StreamsView {
  title = 'Streams'
  /** @type {Map<string, StreamLine>} */
  #lines = new Map()
  #history = new RateHistory()
  #chart = new RateChart('All streams, the last five minutes', 130)
  #body = el('tbody')
  #summary = el('p', { class: 'summary', role: 'status' })
  #filter = el('input', {
    type: 'search',
    id: 'filter',
    placeholder: 'Filter by name, account or region',
    'aria-label': 'Filter streams',
    'aria-keyshortcuts': '/',
    on: { input: () => this.#filtered() },
  })
  #empty = el('p', { class: 'empty', hidden: true }, 'No streams yet. Create one, or let a client do it.')
  #deliveries = new DeliveriesTable()
  #feed

  /** @param {(state: string, why: string) => void} onState */
  constructor(onState) {
    const create = el(
      'button',
      { class: 'primary', type: 'button', 'aria-keyshortcuts': 'c', on: { click: () => this.create() } },
      'Create stream',
    )
    const head = columns.map((name, at) =>
      el('th', { scope: 'col', class: numeric.has(at) ? 'number' : '', title: hints[name] }, name),
    )
    this.element = el(
      'section',
      { 'aria-labelledby': 'view-title' },
      el(
        'div',
        { class: 'title-line' },
        el('h1', { id: 'view-title', tabindex: -1 }, 'Streams'),
        this.#summary,
      ),
      this.#chart.element,
      el('div', { class: 'toolbar' }, this.#filter, create),
      el(
        'div',
        { class: 'table-frame' },
        el('table', { class: 'streams' }, el('thead', {}, el('tr', {}, ...head)), this.#body),
      ),
      this.#empty,
      this.#deliveries.element,
    )
    this.#feed = new EventFeed('/events', {
      again: true,
      onState: (state, why) => {
        // A new connection tells everything anew.
        if (state === 'live') this.#forget()
        onState(state, why)
      },
      onEvent: (name, data) => {
        if (name === 'sample') this.#take(data)
        if (name === 'deliveries') this.#deliveries.take(data)
      },
    })
  }

  destroy() {
    this.#feed.stop()
    this.#chart.destroy()
  }

  create() {
    askCreate().catch((error) => notice(error.message, 'wrong'))
  }

  focusFilter() {
    this.#filter.focus()
  }

  #forget() {
    this.#lines.clear()
    refill(this.#body)
    this.#deliveries.forget()
  }

  /** @param {{ atMs: number, changed: StreamRow[], gone: string[] }} sample */
  #take({ atMs, changed, gone }) {
    let arranged = gone.length > 0
    for (const id of gone) this.#lines.delete(id)
    for (const row of changed) {
      const line = this.#lines.get(row.id)
      if (line === undefined) {
        this.#lines.set(row.id, new StreamLine(row))
        arranged = true
      } else line.row = row
    }
    let records = 0
    let total = 0
    for (const line of this.#lines.values()) {
      line.keep()
      records += line.row.recordsPerSecond
      total += line.row.bytesPerSecond
    }
    this.#history.add(atMs, { records, bytes: total })
    this.#chart.show([{ label: 'Records in' }, { label: 'Bytes in', unit: 'bytes' }], this.#history.totals())
    if (arranged) this.#arrange()
    for (const line of this.#lines.values()) if (line.element.isConnected) line.show(atMs)
    this.#empty.hidden = this.#lines.size > 0
    this.#deliveries.tick(atMs)
  }

  #filtered() {
    this.#deliveries.filter(this.#filter.value.trim().toLowerCase())
    this.#arrange()
  }

  /** Puts the rows that the filter leaves into order. */
  #arrange() {
    const wanted = this.#filter.value.trim().toLowerCase()
    const found = [...this.#lines.values()]
      .filter(({ row }) => `${row.name} ${row.account} ${row.region}`.toLowerCase().includes(wanted))
      .toSorted((a, b) => (a.row.name + a.row.id < b.row.name + b.row.id ? -1 : 1))
    const shown = found.slice(0, rowsMax)
    const homes = new Set([...this.#lines.values()].map(({ row }) => `${row.account} ${row.region}`))
    this.#body.classList.toggle('one-home', homes.size <= 1)
    // What has the focus keeps it: rows are moved only where the order changed.
    const there = [...this.#body.children]
    if (there.length !== shown.length || shown.some((line, at) => there[at] !== line.element)) {
      const focused = document.activeElement
      refill(this.#body, ...shown.map(({ element }) => element))
      if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus()
    }
    const all = `${count(this.#lines.size)} ${this.#lines.size === 1 ? 'stream' : 'streams'}`
    const part =
      found.length < this.#lines.size || shown.length < found.length ? `, ${count(shown.length)} shown` : ''
    setText(this.#summary, all + part)
  }
}

/** One row of the table; what does not change is not touched. */
class StreamLine {
  #cells = columns
    .slice(1)
    .map((name, at) => el('td', { class: numeric.has(at + 1) ? 'number' : '', 'data-column': name }))
  #status = el('span', { class: 'badge' })
  #spark = new Sparkline()
  /** @type {Ring<number>} */
  #rates = new Ring(sparkSeconds)

  /** @param {StreamRow} row */
  constructor(row) {
    this.row = row
    const { account, region, name } = row
    this.element = el(
      'tr',
      { 'data-stream': name },
      el(
        'th',
        { scope: 'row' },
        el('a', { href: `#/streams/${account}/${region}/${name}` }, name),
        el('span', { class: 'home' }, `${account} · ${region}`),
      ),
      ...this.#cells,
    )
    this.#cells[0]?.append(this.#status)
    this.#cells[4]?.append(this.#spark.element)
  }

  /** Another second has gone. */
  keep() {
    this.#rates.push(this.row.recordsPerSecond)
  }

  /** @param {number} nowMs */
  show(nowMs) {
    const { row } = this
    setText(this.#status, row.status)
    this.#status.dataset['status'] = row.status
    this.#spark.show(this.#rates.newest(), sparkSeconds)
    const closed = row.closedShards > 0 ? ` + ${count(row.closedShards)} closed` : ''
    const oldest = row.oldestMs === null ? '–' : duration(nowMs - row.oldestMs)
    const texts = [
      undefined,
      row.mode === 'ON_DEMAND' ? 'on demand' : 'provisioned',
      `${count(row.openShards)}${closed}`,
      rate(row.recordsPerSecond),
      undefined,
      bytes(row.bytesPerSecond),
      count(row.records),
      bytes(row.bytes),
      `${oldest} / ${retention(row.retentionHours)}`,
      row.iteratorAgeMs === null ? '–' : duration(row.iteratorAgeMs),
      count(row.consumers),
    ]
    for (const [at, text] of texts.entries()) {
      const cell = this.#cells[at]
      if (text !== undefined && cell !== undefined) setText(cell, text)
    }
  }
}
