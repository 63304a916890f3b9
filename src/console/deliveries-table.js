import { el, refill, setText } from './element.js'
import { bytes, count, duration, moment } from './format.js'
import { inert } from './payload.js'

/**
 * @typedef {import('./api.js').Target & {
 *   readonly id: string, readonly kind: string, readonly status: string, readonly running: boolean,
 *   readonly source: string, readonly destination: string, readonly deliveredRecords: number,
 *   readonly deliveredBytes: number, readonly failedRecords: number, readonly bufferedRecords: number,
 *   readonly bufferedBytes: number, readonly oldestMs: number | null,
 *   readonly lastError: { readonly errorCode: string, readonly message: string,
 *     readonly timestampMs: number } | null }} DeliveryRow
 */

/** Rows that are drawn: the filter finds the others. */
const rowsMax = 500
const columns = [
  'Delivery stream',
  'Status',
  'Source',
  'Destination',
  'Records delivered',
  'Bytes delivered',
  'Waiting',
  'Freshness',
  'Failed',
  'Last error',
]
/** @type {Readonly<Record<string, string>>} */
const hints = {
  'Records delivered': 'Since it was started or changed',
  'Bytes delivered': 'Since it was started or changed',
  Waiting: 'Records and bytes that were read and are not delivered',
  Freshness: 'Age of the oldest record that was read and is not delivered',
  Failed: 'Records that went to the error output',
}
const numeric = new Set([4, 5, 6, 7, 8])

/** All delivery streams, and what they do; not there while there is none. */
export class DeliveriesTable {
  /** @type {Map<string, DeliveryLine>} */
  #lines = new Map()
  #body = el('tbody')
  #wanted = ''
  #atMs = 0

  constructor() {
    const head = columns.map((name, at) =>
      el('th', { scope: 'col', class: numeric.has(at) ? 'number' : '', title: hints[name] }, name),
    )
    this.element = el(
      'section',
      { class: 'deliveries', 'aria-labelledby': 'deliveries-title', hidden: true },
      el('h2', { id: 'deliveries-title' }, 'Delivery streams'),
      el(
        'div',
        { class: 'table-frame' },
        el('table', { class: 'streams' }, el('thead', {}, el('tr', {}, ...head)), this.#body),
      ),
    )
  }

  /** A new connection tells everything anew. */
  forget() {
    this.#lines.clear()
    this.#arrange()
  }

  /** @param {string} wanted in lower case */
  filter(wanted) {
    this.#wanted = wanted
    this.#arrange()
  }

  /** @param {{ atMs: number, changed: DeliveryRow[], gone: string[] }} change */
  take({ atMs, changed, gone }) {
    let arranged = gone.length > 0
    for (const id of gone) this.#lines.delete(id)
    for (const row of changed) {
      const line = this.#lines.get(row.id)
      if (line === undefined) {
        this.#lines.set(row.id, new DeliveryLine(row))
        arranged = true
      } else line.row = row
    }
    if (arranged) this.#arrange()
    this.tick(atMs)
  }

  /** @param {number} atMs time has gone on: what waits is older */
  tick(atMs) {
    this.#atMs = Math.max(this.#atMs, atMs)
    for (const line of this.#lines.values()) if (line.element.isConnected) line.show(this.#atMs)
  }

  #arrange() {
    const shown = [...this.#lines.values()]
      .filter(({ row }) => `${row.name} ${row.account} ${row.region}`.toLowerCase().includes(this.#wanted))
      .toSorted((a, b) => (a.row.name + a.row.id < b.row.name + b.row.id ? -1 : 1))
      .slice(0, rowsMax)
    const homes = new Set([...this.#lines.values()].map(({ row }) => `${row.account} ${row.region}`))
    this.#body.classList.toggle('one-home', homes.size <= 1)
    refill(this.#body, ...shown.map(({ element }) => element))
    this.element.hidden = this.#lines.size === 0
    for (const line of shown) line.show(this.#atMs)
  }
}

/** One row of the table; what does not change is not touched. */
class DeliveryLine {
  #cells = columns
    .slice(1)
    .map((name, at) => el('td', { class: numeric.has(at + 1) ? 'number' : '', 'data-column': name }))
  #status = el('span', { class: 'badge' })

  /** @param {DeliveryRow} row */
  constructor(row) {
    this.row = row
    const { account, region, name, kind } = row
    this.element = el(
      'tr',
      { 'data-delivery': name },
      el(
        'th',
        { scope: 'row' },
        kind === 'channel' ? `${name} (channel)` : name,
        el('span', { class: 'home' }, `${account} · ${region}`),
      ),
      ...this.#cells,
    )
    this.#cells[0]?.append(this.#status)
  }

  /** @param {number} nowMs */
  show(nowMs) {
    const { row } = this
    const { status, running, lastError, oldestMs } = row
    const shown = status === 'ACTIVE' && !running ? 'WAITING' : status
    setText(this.#status, shown)
    this.#status.dataset['status'] = shown
    const texts = [
      undefined,
      inert(row.source, false),
      inert(row.destination, false),
      count(row.deliveredRecords),
      bytes(row.deliveredBytes),
      row.bufferedRecords === 0 ? '–' : `${count(row.bufferedRecords)} (${bytes(row.bufferedBytes)})`,
      oldestMs === null ? '–' : duration(nowMs - oldestMs),
      count(row.failedRecords),
      lastError === null ? '–' : inert(`${lastError.errorCode}: ${lastError.message}`, false),
    ]
    for (const [at, text] of texts.entries()) {
      const cell = this.#cells[at]
      if (text !== undefined && cell !== undefined) setText(cell, text)
    }
    const last = this.#cells[8]
    if (last !== undefined) {
      last.classList.toggle('wrong', lastError !== null)
      last.title = lastError === null ? '' : moment(lastError.timestampMs)
    }
  }
}
