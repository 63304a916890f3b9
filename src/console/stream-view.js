import { act, pathOf } from './api.js'
import { ConsumersView } from './consumers-view.js'
import { button, el, refill, setText } from './element.js'
import { EventFeed } from './event-feed.js'
import { bytes, moment, retention } from './format.js'
import { notice } from './notices.js'
import { ShardsView } from './shards-view.js'
import { askDelete, askPut, askShardCount } from './stream-dialogs.js'
import { TailView } from './tail-view.js'

/** @typedef {import('./api.js').Target} Target */

/** The views of a stream, in the order of their keys. */
export const parts = ['shards', 'tail', 'consumers']
/** @type {Readonly<Record<string, string>>} */
const labels = { shards: 'Shards', tail: 'Records', consumers: 'Consumers' }

/** One stream: what it is, what can be done with it, and one of its views. */
export class StreamView {
  title
  #target
  #view
  #feed
  #status = el('span', { class: 'badge' })
  #facts = el('dl', { class: 'facts line' })
  #gone = el('p', { class: 'wrong', role: 'alert' })
  #buttons = el('div', { class: 'buttons' })
  /** @type {any} */
  #stream

  /**
   * @param {Target} target
   * @param {string} part
   * @param {string} shardId that the records are of; empty: of all
   * @param {(state: string, why: string) => void} onState
   */
  constructor(target, part, shardId, onState) {
    this.title = target.name
    this.#target = target
    this.#view = this.#viewOf(part, shardId)
    const links = parts.map((each, at) =>
      el(
        'a',
        {
          href: addressOf(target, each),
          'aria-current': each === part ? 'page' : undefined,
          'aria-keyshortcuts': String(at + 1),
        },
        labels[each],
      ),
    )
    this.element = el(
      'section',
      { 'aria-labelledby': 'view-title' },
      el(
        'p',
        { class: 'crumbs' },
        el('a', { href: '#/' }, 'Streams'),
        ` / ${target.account} / ${target.region}`,
      ),
      el(
        'div',
        { class: 'title-line' },
        el('h1', { id: 'view-title', tabindex: -1 }, target.name),
        this.#status,
        this.#buttons,
      ),
      this.#facts,
      this.#gone,
      el('nav', { class: 'parts', 'aria-label': 'Views of the stream' }, ...links),
      this.#view.element,
    )
    this.#feed = new EventFeed(`${pathOf(target)}/events`, {
      again: true,
      onState: (state, why) => {
        if (state === 'failed') this.#gone.textContent = why
        onState(state, why)
      },
      onEvent: (name, data) => this.#take(name, data),
    })
  }

  destroy() {
    this.#feed.stop()
    this.#view.destroy()
  }

  put() {
    askPut(this.#target, this.#stream?.distribution === 'AUTO')
  }

  togglePause() {
    if (this.#view instanceof TailView) this.#view.togglePause()
  }

  /** @param {number} at which of its views, from 0 on */
  go(at) {
    const part = parts[at]
    if (part !== undefined) location.hash = addressOf(this.#target, part)
  }

  /**
   * @param {string} part
   * @param {string} shardId
   */
  #viewOf(part, shardId) {
    if (part === 'tail') return new TailView(this.#target, shardId)
    if (part === 'consumers') return new ConsumersView()
    return new ShardsView(this.#target, (shard) => {
      location.hash = `${addressOf(this.#target, 'tail')}/${shard}`
    })
  }

  /**
   * @param {string} name
   * @param {any} data
   */
  #take(name, data) {
    if (name === 'end') {
      this.#gone.textContent = 'This stream is gone.'
      this.#buttons.hidden = true
      this.#feed.stop()
    } else if (name === 'stream') {
      this.#stream = data
      this.#describe(data)
      this.#view.describe(data)
    } else if (name === 'sample' && this.#stream !== undefined) this.#view.sample(data)
  }

  /** @param {any} stream */
  #describe(stream) {
    setText(this.#status, stream.status)
    this.#status.dataset['status'] = stream.status
    const monitored = stream.monitoring.length > 0
    const facts = [
      ['Mode', stream.mode === 'ON_DEMAND' ? 'on demand' : 'provisioned'],
      ['Open shards', stream.shardCount],
      ['Retention', retention(stream.retentionHours)],
      ['Record limit', bytes(stream.maxRecordBytes)],
      ['Encryption', stream.encryptionType === 'KMS' ? 'KMS' : 'none'],
      ['Monitoring', monitored ? 'per shard' : 'off'],
      ['Created', moment(stream.createdAtMs)],
    ]
    refill(
      this.#facts,
      ...facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, String(value)))),
    )
    // Buttons that stay the same keep the focus.
    const signature = [stream.mode, monitored].join()
    if (this.#buttons.dataset['for'] === signature) return
    this.#buttons.dataset['for'] = signature
    refill(
      this.#buttons,
      button('Put record', () => this.put(), { class: 'primary', 'aria-keyshortcuts': 'p' }),
      stream.mode === 'PROVISIONED' &&
        button('Shard count…', () => askShardCount(this.#target, this.#stream.shardCount)),
      button(monitored ? 'Stop monitoring' : 'Monitor shards', () => void this.#monitor(!monitored), {
        title: 'Enhanced monitoring keeps iterator age and rates of each shard',
      }),
      button('Delete…', () => askDelete(this.#target, this.#stream.consumerCount), { class: 'danger' }),
    )
  }

  /** @param {boolean} enabled */
  async #monitor(enabled) {
    try {
      await act(this.#target, 'monitoring', { enabled })
      notice(enabled ? 'Each shard is monitored now' : 'Shards are not monitored any more')
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error), 'wrong')
    }
  }
}

/**
 * @param {Target} target
 * @param {string} part
 */
function addressOf({ account, region, name }, part) {
  return `#/streams/${account}/${region}/${name}/${part}`
}
