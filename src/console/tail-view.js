import { pathOf } from './api.js'
import { field } from './dialog.js'
import { el, refill, setText } from './element.js'
import { EventFeed } from './event-feed.js'
import { count } from './format.js'
import { RecordViewer } from './record-viewer.js'
import { TailList } from './tail-list.js'

/** @typedef {import('./shard-layout.js').ShardView} ShardView */

/** @type {Readonly<Record<string, string>>} */
const positions = {
  latest: 'Now on',
  oldest: 'The oldest record',
  time: 'A time',
  sequence: 'A sequence number',
}

/** The records of a stream as they come, or from a position on. */
export class TailView {
  #target
  #viewer
  #list = new TailList((record) => void this.#viewer.show(record))
  #from = el(
    'select',
    { name: 'from', on: { change: () => this.#fitPosition() } },
    ...Object.entries(positions).map(([value, label]) => el('option', { value }, label)),
  )
  #time = el('input', { name: 'time', type: 'datetime-local', step: 1, 'aria-label': 'Time' })
  #sequence = el('input', {
    name: 'sequence',
    class: 'mono',
    inputmode: 'numeric',
    autocomplete: 'off',
    'aria-label': 'Sequence number',
  })
  #shard = el('select', { name: 'shard' }, el('option', { value: '' }, 'All shards'))
  #key = el('input', { name: 'key', type: 'search', autocomplete: 'off', placeholder: 'part of it' })
  #text = el('input', { name: 'text', type: 'search', autocomplete: 'off', placeholder: 'part of it' })
  #pauseButton = el(
    'button',
    {
      type: 'button',
      'aria-pressed': 'false',
      'aria-keyshortcuts': 'Space',
      on: { click: () => this.togglePause() },
    },
    'Pause',
  )
  #status = el('p', { class: 'summary', role: 'status' }, 'Connecting')
  #wrong = el('p', { class: 'wrong', role: 'alert' })
  /** @type {EventFeed | undefined} */
  #feed
  #paused = false
  #scanned = 0
  #found = 0
  #gaps = 0
  #state = ''
  #onVisibility = () => this.#hold()

  /**
   * @param {import('./api.js').Target} target
   * @param {string} shardId of the one that is asked for; empty: all
   */
  constructor(target, shardId) {
    this.#target = target
    this.#viewer = new RecordViewer(target)
    if (shardId !== '') {
      this.#shard.append(el('option', { value: shardId, selected: true }, shardId))
      this.#from.value = 'oldest'
    }
    this.element = el(
      'div',
      { class: 'tail' },
      el(
        'form',
        { class: 'toolbar', 'aria-label': 'What to show', on: { submit: (event) => this.#submit(event) } },
        field('From', this.#from),
        this.#time,
        this.#sequence,
        field('Shard', this.#shard),
        field('Partition key has', this.#key),
        field('Data has', this.#text),
        el('button', { class: 'primary', type: 'submit' }, 'Show'),
        this.#pauseButton,
        el('button', { type: 'button', on: { click: () => this.#clear() } }, 'Clear'),
      ),
      this.#wrong,
      this.#status,
      el('div', { class: 'tail-panes' }, this.#list.element, this.#viewer.element),
    )
    document.addEventListener('visibilitychange', this.#onVisibility)
    this.#fitPosition()
    this.#start()
  }

  destroy() {
    document.removeEventListener('visibilitychange', this.#onVisibility)
    this.#feed?.stop()
    this.#list.destroy()
    this.#viewer.destroy()
  }

  /** @param {{ readonly shards: readonly ShardView[] }} stream */
  describe({ shards }) {
    const chosen = this.#shard.value
    const wanted = shards.map(({ shardId }) => shardId)
    const there = [...this.#shard.options].slice(1).map(({ value }) => value)
    if (wanted.join() === there.join()) return
    refill(
      this.#shard,
      el('option', { value: '' }, 'All shards'),
      ...wanted.map((shardId) => el('option', { value: shardId }, shardId)),
    )
    this.#shard.value = wanted.includes(chosen) ? chosen : ''
  }

  sample() {}

  /** Holds the records back, at the server; they come when it goes on. */
  togglePause() {
    this.#paused = !this.#paused
    this.#pauseButton.setAttribute('aria-pressed', String(this.#paused))
    this.#hold()
    this.#tell()
  }

  /** Nothing is read while nobody looks. */
  #hold() {
    if (this.#paused || document.hidden) this.#feed?.hold()
    else this.#feed?.release()
  }

  #fitPosition() {
    this.#time.hidden = this.#from.value !== 'time'
    this.#sequence.hidden = this.#from.value !== 'sequence'
    this.#time.required = !this.#time.hidden
    this.#sequence.required = !this.#sequence.hidden
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault()
    this.#start()
  }

  #clear() {
    this.#list.clear()
    this.#tell()
  }

  #start() {
    this.#feed?.stop()
    if (this.#paused) this.togglePause()
    this.#list.clear()
    this.#scanned = 0
    this.#found = 0
    this.#gaps = 0
    this.#wrong.textContent = ''
    this.#feed = new EventFeed(`${pathOf(this.#target)}/tail?${this.#query()}`, {
      onState: (state, why) => {
        this.#state = state
        if (state === 'failed' || state === 'lost') this.#wrong.textContent = why
        this.#tell()
      },
      onEvent: (name, data) => this.#take(name, data),
    })
    this.#hold()
  }

  #query() {
    const from = this.#from.value
    const query = new URLSearchParams({ from })
    if (from === 'time') query.set('arrivedAtMs', String(new Date(this.#time.value).getTime()))
    if (from === 'sequence') query.set('sequence', this.#sequence.value.trim())
    const rest = { shardId: this.#shard.value, key: this.#key.value, text: this.#text.value }
    for (const [name, value] of Object.entries(rest)) if (value !== '') query.set(name, value)
    return query
  }

  /**
   * @param {string} name
   * @param {any} data
   */
  #take(name, data) {
    if (name === 'records') {
      this.#scanned = data.scanned
      this.#gaps = data.gaps
      this.#found += data.records.length
      this.#list.add(data.records)
    } else if (name === 'end') this.#wrong.textContent = data.message
    this.#tell()
  }

  #tell() {
    /** @type {Readonly<Record<string, string>>} */
    const words = { connecting: 'Connecting', live: 'Live', lost: 'Lost', failed: 'Refused', ended: 'Ended' }
    const state = this.#paused && this.#state === 'live' ? 'Paused' : (words[this.#state] ?? '')
    const kept = this.#list.length < this.#found ? `, the newest ${count(this.#list.length)} kept` : ''
    const gaps = this.#gaps > 0 ? `, ${count(this.#gaps)} times records expired before they were read` : ''
    this.#status.dataset['state'] = state.toLowerCase()
    setText(
      this.#status,
      `${state} · ${count(this.#scanned)} read, ${count(this.#found)} found${kept}${gaps}`,
    )
  }
}
