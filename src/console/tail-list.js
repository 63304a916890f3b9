import { el, setText } from './element.js'
import { bytes, clockTime, shortShard } from './format.js'
import { bytesOf, inert, textOf } from './payload.js'
import { Ring } from './ring.js'

/** @typedef {import('./record-viewer.js').RecordView} RecordView */

/** Records that the page keeps; older ones are forgotten. */
export const recordsMax = 1000
/** Between two drawings of what came, milliseconds. */
const drawMs = 200
/** Characters of a payload in a row. */
const previewChars = 240

/**
 * The newest records, the newest on top. One stop of the Tab key; arrows move, and what they come to is
 * shown.
 */
export class TailList {
  #onPick
  /** @type {Ring<RecordView>} */
  #records = new Ring(recordsMax)
  /** @type {RecordView[]} */
  #undrawn = []
  /** @type {WeakMap<Element, RecordView>} */
  #recordOf = new WeakMap()
  /** @type {number | undefined} */
  #timer
  /** @type {HTMLElement | undefined} */
  #picked
  #ids = 0

  /** @param {(record: RecordView) => void} onPick */
  constructor(onPick) {
    this.#onPick = onPick
    this.element = el('div', {
      class: 'tail-list',
      role: 'listbox',
      tabindex: 0,
      'aria-label': 'Records, the newest first; arrow keys move',
      on: { keydown: (event) => this.#key(event), click: (event) => this.#click(event) },
    })
  }

  get length() {
    return this.#records.length
  }

  /** @param {readonly RecordView[]} records in the order in which they came */
  add(records) {
    for (const record of records) this.#records.push(record)
    this.#undrawn.push(...records)
    // Of a flood only what will stay is drawn.
    if (this.#undrawn.length > recordsMax) this.#undrawn = this.#undrawn.slice(-recordsMax)
    this.#timer ??= setTimeout(() => this.#draw(), drawMs)
  }

  clear() {
    this.#records.clear()
    this.#undrawn = []
    this.#picked = undefined
    this.element.removeAttribute('aria-activedescendant')
    this.element.replaceChildren()
  }

  destroy() {
    clearTimeout(this.#timer)
  }

  #draw() {
    this.#timer = undefined
    const { element } = this
    const reading = element.scrollTop > 4
    const height = element.scrollHeight
    element.prepend(...this.#undrawn.toReversed().map((record) => this.#rowOf(record)))
    this.#undrawn = []
    while (element.childElementCount > recordsMax) element.lastElementChild?.remove()
    // Whoever has scrolled down reads on undisturbed.
    if (reading) element.scrollTop += element.scrollHeight - height
    if (this.#picked !== undefined && !this.#picked.isConnected) this.#picked = undefined
  }

  /** @param {RecordView} record */
  #rowOf(record) {
    const row = el(
      'div',
      { class: 'tail-row', role: 'option', id: `record-${(this.#ids += 1)}`, 'aria-selected': 'false' },
      el('span', { class: 'time' }, clockTime(record.arrivedAtMs)),
      el('span', { class: 'where' }, shortShard(record.shardId)),
      el('bdi', { class: 'key', dir: 'ltr' }),
      el('span', { class: 'size' }, bytes(record.bytes)),
      el('bdi', { class: 'preview', dir: 'ltr' }),
    )
    const [, , key, , preview] = row.children
    if (key) setText(key, inert(record.partitionKey, false))
    if (preview) setText(preview, previewOf(record))
    this.#recordOf.set(row, record)
    return row
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = event.target instanceof Element ? event.target.closest('.tail-row') : null
    if (row instanceof HTMLElement) this.#pick(row)
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const now = this.#picked
    const { firstElementChild, lastElementChild } = this.element
    /** @type {Readonly<Record<string, Element | null | undefined>>} */
    const next = {
      ArrowDown: now === undefined ? firstElementChild : now.nextElementSibling,
      ArrowUp: now === undefined ? firstElementChild : now.previousElementSibling,
      Home: firstElementChild,
      End: lastElementChild,
      Enter: now,
    }
    const row = next[event.key]
    if (!(event.key in next)) return
    event.preventDefault()
    if (row instanceof HTMLElement) this.#pick(row)
  }

  /** @param {HTMLElement} row */
  #pick(row) {
    this.#picked?.setAttribute('aria-selected', 'false')
    this.#picked = row
    row.setAttribute('aria-selected', 'true')
    row.scrollIntoView({ block: 'nearest' })
    this.element.setAttribute('aria-activedescendant', row.id)
    const record = this.#recordOf.get(row)
    if (record !== undefined) this.#onPick(record)
  }
}

/** @param {RecordView} record */
function previewOf({ preview, bytes: size }) {
  if (size === 0) return '(empty)'
  const payload = bytesOf(preview)
  const text = inert(textOf(payload), false)
  const unreadable = text.split('\ufffd').length - 1
  // One at the end may be a character that was cut.
  if (unreadable <= Math.max(1, text.length / 20)) return text.slice(0, previewChars)
  return Array.from(payload.subarray(0, 48), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
