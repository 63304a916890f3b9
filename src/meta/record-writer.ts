import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import {
  type AppendBatch,
  type Appended,
  Column,
  noHashKey,
  type Offset,
  Refusal,
  type ShardLog,
} from '../log/log.ts'

/** How far a write came. */
export interface Written {
  /** Of the stored payloads, which are the first ones. */
  readonly offsets: readonly Offset[]
  /** Why the next payload was not stored. */
  readonly refusal: MillraceError | undefined
}

/** Payload bytes of one `append`, so that a large snapshot asks no engine for a large buffer. */
const appendBytesMax = 1024 * 1024

/** Writes payloads without keys into one log. */
export class RecordWriter {
  readonly #log: ShardLog
  readonly #clock: Clock

  constructor(log: ShardLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Stores the payloads in order, up to the first refusal. What the log throws, this throws. */
  async write(payloads: readonly Uint8Array[]): Promise<Written> {
    const offsets: Offset[] = []
    while (offsets.length < payloads.length) {
      const batch = packed(nextPayloads(payloads, offsets.length), this.#clock.nowMs())
      const out: Appended = { offsets: new Float64Array(batch.count), timesMs: new Float64Array(batch.count) }
      const answer = await this.#log.append(batch, out)
      if (answer <= 0) return { offsets, refusal: refused(answer) }
      offsets.push(...out.offsets.subarray(0, answer))
    }
    return { offsets, refusal: undefined }
  }
}

/** As many payloads as fit one `append`, at least one. */
function nextPayloads(payloads: readonly Uint8Array[], from: number): readonly Uint8Array[] {
  let bytes = 0
  const end = payloads.findIndex((payload, index) => {
    if (index >= from) bytes += payload.length
    return index > from && bytes > appendBytesMax
  })
  return payloads.slice(from, end === -1 ? payloads.length : end)
}

function packed(payloads: readonly Uint8Array[], timeMs: number): AppendBatch {
  const columns = new Uint32Array(payloads.length * Column.stride)
  let end = 0
  for (const [index, payload] of payloads.entries()) {
    const at = index * Column.stride
    columns[at + Column.dataAt] = end
    columns[at + Column.dataBytes] = payload.length
    columns[at + Column.hashKeyAt] = noHashKey
    end += payload.length
  }
  const order = Uint32Array.from(payloads.keys())
  return { bytes: Buffer.concat(payloads), columns, order, from: 0, count: payloads.length, timeMs }
}

function refused(answer: number): MillraceError {
  switch (answer) {
    case Refusal.full:
      return new MillraceError(
        'ERR_MILLRACE_NO_SPACE',
        'no space is left for the metadata; nothing was changed',
      )
    case Refusal.busy:
      return new MillraceError(
        'ERR_MILLRACE_BACKLOG',
        'too much metadata waits for the disk; nothing was changed',
      )
    case Refusal.sealed:
      return new MillraceError('ERR_MILLRACE_SHARD_SEALED', 'the log of the metadata has ended')
    default:
      return new MillraceError(
        'ERR_MILLRACE_UNKNOWN_OUTCOME',
        'it is not known whether the metadata was stored',
        {
          details: { answer },
        },
      )
  }
}
