import { el, refill } from './element.js'
import { count, moment } from './format.js'

/**
 * @typedef {{ readonly name: string, readonly arn: string, readonly status: string, readonly createdAtMs:
 *   number }} Consumer
 */
/**
 * @typedef {{ readonly consumer: string, readonly shardId: string, readonly recordsBehind: number }}
 *   LiveSubscription
 */

/** Who is registered for enhanced fan-out, and who is pushed records right now. */
export class ConsumersView {
  #consumers = el('tbody')
  #subscriptions = el('tbody')
  #shown = ''

  constructor() {
    this.element = el(
      'div',
      {},
      el('h2', {}, 'Registered consumers'),
      table(['Name', 'Status', 'Registered', 'ARN'], this.#consumers),
      el('h2', {}, 'Live subscriptions'),
      table(['Consumer', 'Shard', 'Records behind'], this.#subscriptions),
      el('p', { class: 'hint' }, 'A subscription lasts five minutes at most and is renewed by its client.'),
    )
  }

  destroy() {}

  /** @param {{ readonly consumers: readonly Consumer[] }} stream */
  describe({ consumers }) {
    refill(
      this.#consumers,
      ...consumers.map(({ name, arn, status, createdAtMs }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, name),
          el('td', {}, el('span', { class: 'badge', 'data-status': status }, status)),
          el('td', {}, moment(createdAtMs)),
          el('td', { class: 'mono' }, arn),
        ),
      ),
      consumers.length === 0 && nothing(4, 'No consumers are registered.'),
    )
  }

  /** @param {{ readonly subscriptions: readonly LiveSubscription[] }} sample */
  sample({ subscriptions }) {
    const text = JSON.stringify(subscriptions)
    if (text === this.#shown) return
    this.#shown = text
    refill(
      this.#subscriptions,
      ...subscriptions.map(({ consumer, shardId, recordsBehind }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, /\/consumer\/([^:]+)/.exec(consumer)?.[1] ?? consumer),
          el('td', {}, shardId),
          el('td', {}, recordsBehind === 0 ? 'at the tip' : count(recordsBehind)),
        ),
      ),
      subscriptions.length === 0 && nothing(3, 'Nobody is subscribed.'),
    )
  }
}

/**
 * @param {readonly string[]} names
 * @param {HTMLElement} body
 */
function table(names, body) {
  const head = names.map((name) => el('th', { scope: 'col' }, name))
  return el('div', { class: 'table-frame' }, el('table', {}, el('thead', {}, el('tr', {}, ...head)), body))
}

/**
 * @param {number} span
 * @param {string} text
 */
function nothing(span, text) {
  return el('tr', {}, el('td', { colspan: span, class: 'empty' }, text))
}
