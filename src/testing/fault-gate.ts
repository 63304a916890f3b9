import { MillraceError } from '../errors.ts'
import type { Shard } from '../streams/shard.ts'
import type { Staging } from '../streams/staging.ts'
import type { StreamCore } from '../streams/stream-core.ts'
import type { WriteGate } from '../streams/write-gate.ts'
import type { FaultScript } from './fault-script.ts'

/** What becomes of an entry that is told to fail. */
export type EntryFailure = 'failed' | 'throttled'

/** Which puts are refused. */
export interface PutScripts {
  readonly throttles: FaultScript<true>
  readonly entries: FaultScript<EntryFailure>
}

/** Stands before the logs of one stream and refuses what the script says; the rest goes on to the limits. */
export class FaultGate implements WriteGate {
  readonly #core: StreamCore
  readonly #scripts: PutScripts

  constructor(core: StreamCore, scripts: PutScripts) {
    this.#core = core
    this.#scripts = scripts
  }

  admit(staging: Staging, shard: Shard, from: number, count: number): number {
    const facts = { stream: this.#core.streamName, shardId: shard.id }
    if (this.#scripts.throttles.take({ ...facts, access: 'put' })) {
      staging.refuse(from, count, throttled(this.#core, shard.id))
      return 0
    }
    const left = this.#admitEntries(staging, shard, from, count)
    return left === 0 ? 0 : (this.#core.ownGate?.admit(staging, shard, from, left) ?? left)
  }

  #admitEntries(staging: Staging, shard: Shard, from: number, count: number): number {
    const { entries } = this.#scripts
    if (entries.idle) return count
    const refused: { readonly record: number; readonly failure: EntryFailure }[] = []
    let admitted = from
    for (let index = from; index < from + count; index++) {
      const record = staging.order[index] as number
      // Puts that go together are no batch of their callers.
      const entry = staging.single ? 0 : record
      const failure = entries.take({ stream: this.#core.streamName, shardId: shard.id, entry })
      if (failure === undefined) staging.order[admitted++] = record
      else refused.push({ record, failure })
    }
    for (const [index, { record, failure }] of refused.entries()) {
      const at = admitted + index
      staging.order[at] = record
      const error = failure === 'throttled' ? throttled(this.#core, shard.id) : failed(this.#core, shard.id)
      staging.refuse(at, 1, error)
    }
    return admitted - from
  }
}

/** What a shard that is asked too much of says. */
export function throttled({ state: { key } }: StreamCore, shardId: string, operation = 'put'): MillraceError {
  const { account, region, name: stream } = key
  return new MillraceError('ERR_MILLRACE_THROTTLED', `${shardId} of ${stream} is told to be throttled`, {
    details: { limit: 'fault', operation, stream, shardId, account, region },
  })
}

function failed({ state: { key } }: StreamCore, shardId: string): MillraceError {
  return new MillraceError('ERR_MILLRACE_IO', `an entry for ${shardId} of ${key.name} is told to fail`, {
    details: { stream: key.name, shardId },
  })
}
