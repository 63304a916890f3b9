import { readFileSync } from 'node:fs'
import { KnownMetadata } from '../../trials/known-metadata.mjs'

const hourMs = 3_600_000

/**
 * What a ledger says of a store at one moment of its journal. A call whose end was noted by then was answered; one
 * that had begun may have had its effect, a part of it, or none.
 */
export class Expectation {
  /** By name: what each stream must or may be. */
  streams = new Map()
  /** Streams whose latest creation or deletion was under way. */
  unsure = new Set()
  nowMs = 0

  /** @param {string} ledger path @param {number} at bytes of the journal that were written
   *   @param {number} settleMs passes before anybody looks */
  static of(ledger, at, settleMs) {
    const expectation = new Expectation()
    const begun = new Map()
    for (const line of readFileSync(ledger, 'utf8').split('\n')) {
      if (line === '') continue
      const note = JSON.parse(line)
      if (note.at > at) break
      expectation.#passTo(note.nowMs)
      if (note.done) {
        expectation.#ended(begun.get(note.call), note)
        begun.delete(note.call)
      } else {
        begun.set(note.call, note)
      }
    }
    for (const note of begun.values()) expectation.#underWay(note)
    expectation.#passTo(expectation.nowMs + settleMs)
    return expectation
  }

  /** What a short retention has hidden stays hidden. */
  #passTo(nowMs) {
    this.nowMs = Math.max(this.nowMs, nowMs)
    for (const stream of this.streams.values()) {
      stream.hiddenBeforeMs = Math.max(
        stream.hiddenBeforeMs,
        this.nowMs - Math.min(...stream.retention) * hourMs,
      )
    }
  }

  #ended({ op, name, ...what }, { results, became }) {
    const stream = this.streams.get(name)
    if (op === 'create') this.streams.set(name, newStream(what.shards))
    if (op === 'delete') this.streams.delete(name)
    if (op === 'retention') {
      stream.retention = [what.hours]
      stream.metadata.note('isNow', 'retentionHours', what.hours)
    }
    if (op === 'change' && became !== undefined) stream.metadata.note('isNow', what.thing, became)
    if (op === 'flush') for (const record of stream.records) record.durable = true
    if (op === 'close')
      for (const other of this.streams.values()) for (const r of other.records) r.durable = true
    if (op === 'put') {
      for (const [index, result] of results.entries()) {
        stream.records.push({ counter: what.counters[index], ...result })
      }
    }
  }

  #underWay({ op, name, nowMs, ...what }) {
    // Records that expire meanwhile go before that is answered.
    if (op === 'pass') this.#passTo(nowMs + what.hours * hourMs)
    const stream = this.streams.get(name)
    if (op === 'create') {
      this.streams.set(name, newStream(what.shards))
      this.unsure.add(name)
    }
    if (op === 'delete') this.unsure.add(name)
    if (op === 'retention') {
      stream.retention.push(what.hours)
      stream.metadata.note('begins', 'retentionHours', what.hours)
    }
    if (op === 'change') stream.metadata.note('begins', what.thing, what.value)
    if (op === 'put') for (const counter of what.counters) stream.unsure.add(counter)
  }
}

function newStream(shards) {
  // `retention`: the hours that may be in force; `hiddenBeforeMs`: what arrived before may be hidden.
  const metadata = new KnownMetadata(24, shards)
  return { metadata, retention: [24], hiddenBeforeMs: 0, records: [], unsure: new Set() }
}
