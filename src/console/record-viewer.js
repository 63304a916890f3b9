import { ask, pathOf } from './api.js'
import { el, refill, setText } from './element.js'
import { bytes, moment } from './format.js'
import { bytesOf, hexOf, inert, isText, jsonOf, textOf } from './payload.js'

/**
 * @typedef {object} RecordView
 * @property {string} shardId
 * @property {string} sequenceNumber
 * @property {number} arrivedAtMs
 * @property {string} partitionKey
 * @property {string} [explicitHashKey]
 * @property {'NONE' | 'KMS'} encryptionType
 * @property {number} bytes
 * @property {string} preview base64
 */

/** Bytes that are shown at once: a browser lays out no ten megabytes in one piece. */
const shownStep = 32 * 1024
/** Longer ones are not laid out as JSON. */
const jsonBytesMax = 256 * 1024
/** @type {Readonly<Record<string, string>>} */
const forms = { text: 'Text', json: 'JSON', hex: 'Hex' }

/** One record: what it is, and its payload as text, as JSON or byte by byte. */
export class RecordViewer {
  #target
  #facts = el('dl', { class: 'facts' })
  #content = el('pre', { class: 'payload', tabindex: 0, dir: 'ltr', 'aria-label': 'Payload' })
  #note = el('p', { class: 'hint', role: 'status' })
  #more = el('button', { type: 'button', hidden: true, on: { click: () => this.#showMore() } }, 'Show more')
  #tabs = new Map(
    Object.entries(forms).map(([form, label]) => [
      form,
      el(
        'button',
        { type: 'button', role: 'tab', 'data-form': form, on: { click: () => this.#choose(form) } },
        label,
      ),
    ]),
  )
  #save = el('button', { type: 'button', on: { click: () => this.#download() } }, 'Save')
  /** @type {RecordView | undefined} */
  #record
  /** As a whole; until it is there, nothing is shown and nothing can be saved. */
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  #payload
  #form = 'text'
  /** Whether somebody chose the form himself: it stays then. */
  #chosen = false
  #shown = shownStep
  /** @type {AbortController | undefined} */
  #loading

  /** @param {import('./api.js').Target} target */
  constructor(target) {
    this.#target = target
    const tabs = el(
      'div',
      {
        role: 'tablist',
        class: 'forms',
        'aria-label': 'Form of the payload',
        on: { keydown: (event) => this.#key(event) },
      },
      ...this.#tabs.values(),
    )
    this.element = el(
      'aside',
      { class: 'viewer', 'aria-label': 'Record', hidden: true },
      this.#facts,
      el('div', { class: 'viewer-tools' }, tabs, this.#save),
      this.#note,
      this.#content,
      this.#more,
    )
  }

  destroy() {
    this.#loading?.abort()
  }

  /** @param {RecordView} record one that could not be loaded is loaded again */
  async show(record) {
    const same = this.#record?.sequenceNumber === record.sequenceNumber
    if (same && (this.#payload !== undefined || this.#loading !== undefined)) return
    this.#loading?.abort()
    this.#loading = undefined
    this.#record = record
    this.#payload = undefined
    this.element.hidden = false
    this.#describe(record)
    const preview = bytesOf(record.preview)
    if (preview.length < record.bytes) await this.#load(record)
    else this.#begin(preview)
  }

  /** @param {RecordView} record */
  async #load({ sequenceNumber, bytes: size }) {
    const loading = new AbortController()
    this.#loading = loading
    this.#save.disabled = true
    this.#more.hidden = true
    refill(this.#content)
    setText(this.#note, `Loading ${bytes(size)}…`)
    try {
      const response = await ask(`${pathOf(this.#target)}/record/${sequenceNumber}`, loading.signal)
      const payload = new Uint8Array(await response.arrayBuffer())
      if (!loading.signal.aborted) this.#begin(payload)
    } catch (error) {
      if (loading.signal.aborted) return
      const why = error instanceof Error ? error.message : String(error)
      setText(this.#note, `The payload was not loaded (${why}). Choose the record again to ask once more.`)
    } finally {
      if (this.#loading === loading) this.#loading = undefined
    }
  }

  /** @param {RecordView} record */
  #describe({
    shardId,
    sequenceNumber,
    arrivedAtMs,
    partitionKey,
    explicitHashKey,
    encryptionType,
    bytes: size,
  }) {
    const facts = [
      ['Partition key', inert(partitionKey, false) || '(none)'],
      ['Sequence number', sequenceNumber],
      ['Shard', shardId],
      ['Arrived', moment(arrivedAtMs)],
      ['Size', `${bytes(size)}${size >= 1024 ? ` (${size} bytes)` : ''}`],
      explicitHashKey === undefined ? undefined : ['Explicit hash key', explicitHashKey],
      encryptionType === 'KMS' ? ['Encryption', 'KMS'] : undefined,
    ]
    refill(
      this.#facts,
      ...facts.flatMap((fact) =>
        fact ? [el('dt', {}, fact[0]), el('dd', { class: 'mono' }, el('bdi', { dir: 'ltr' }, fact[1]))] : [],
      ),
    )
  }

  /**
   * Shows a payload that is there, in the form that suits it.
   *
   * @param {Uint8Array<ArrayBuffer>} payload
   */
  #begin(payload) {
    this.#payload = payload
    this.#save.disabled = false
    this.#shown = shownStep
    if (!this.#chosen) this.#form = formOf(payload)
    this.#draw()
  }

  /** @param {string} form */
  #choose(form) {
    this.#chosen = true
    this.#form = form
    this.#shown = shownStep
    this.#draw()
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const names = Object.keys(forms)
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? names.length - 1 : 0
    if (step === 0) return
    event.preventDefault()
    const next = names[(names.indexOf(this.#form) + step) % names.length] ?? 'text'
    this.#choose(next)
    this.#tabs.get(next)?.focus()
  }

  #showMore() {
    this.#shown += shownStep
    this.#draw()
  }

  #draw() {
    for (const [form, tab] of this.#tabs) {
      tab.setAttribute('aria-selected', String(form === this.#form))
      tab.tabIndex = form === this.#form ? 0 : -1
    }
    if (this.#payload === undefined) return
    const { text, note, left } = this.#rendered(this.#payload)
    setText(this.#content, text)
    setText(this.#note, note)
    this.#more.hidden = left <= 0
    setText(this.#more, `Show ${bytes(Math.min(left, shownStep))} more of ${bytes(left)}`)
  }

  /** @param {Uint8Array} payload */
  #rendered(payload) {
    const part = payload.subarray(0, this.#shown)
    const left = payload.length - part.length
    if (payload.length === 0) return { text: '', note: 'The payload is empty.', left }
    if (this.#form === 'hex') return { text: hexOf(part), note: '', left }
    const notText = isText(payload) ? '' : 'Not UTF-8: what cannot be read is shown as \ufffd.'
    if (this.#form === 'text') return { text: inert(textOf(part), true), note: notText, left }
    if (payload.length > jsonBytesMax) {
      return {
        text: inert(textOf(part), true),
        note: 'Too long to be laid out as JSON; this is the text.',
        left,
      }
    }
    const json = jsonOf(payload)
    if (json === undefined)
      return { text: inert(textOf(part), true), note: notText || 'No JSON; this is the text.', left }
    const shown = json.slice(0, this.#shown * 2)
    return { text: inert(shown, true), note: '', left: json.length - shown.length }
  }

  /** Hands the bytes to whoever asks for a file, as bytes that no browser opens. */
  #download() {
    if (this.#payload === undefined) return
    const address = URL.createObjectURL(new Blob([this.#payload], { type: 'application/octet-stream' }))
    el('a', { href: address, download: `${this.#record?.sequenceNumber ?? 'record'}.bin` }).click()
    setTimeout(() => URL.revokeObjectURL(address), 10_000)
  }
}

/**
 * The form that suits a payload.
 *
 * @param {Uint8Array} payload
 */
function formOf(payload) {
  if (!isText(payload)) return 'hex'
  const looksLikeJson = /^\s*[[{]/.test(textOf(payload.subarray(0, 64)))
  return payload.length <= jsonBytesMax && looksLikeJson ? 'json' : 'text'
}
