import { type Clock, nextTurn } from '../clock.ts'
import { invalidArgument, MillraceError } from '../errors.ts'
import { requireOneOf } from '../options.ts'
import type { BatchReader } from '../streams/batch-reader.ts'
import type { RecordBatch } from '../streams/record-batch.ts'
import type { StartingPosition } from '../streams/starting-position.ts'
import type { Stream } from '../streams/stream.ts'
import { MiB, secondMs } from '../units.ts'
import { bufferOf, type ConsoleRecord, consoleRecord } from './console-record.ts'
import { heartbeat, serverSentEvent } from './server-sent-events.ts'

/** Records of one page of the store, and so of one event, at most. */
const pageRecords = 500
/** A search that finds nothing says how far it is after so many records. */
const progressRecords = 20_000
const heartbeatMs = 15 * secondMs

/** What a tail is asked for with. */
interface TailQuestion {
  readonly position: StartingPosition
  readonly shardId: string | undefined
  /** Part of the partition key. */
  readonly key: string
  /** Part of the payload. */
  readonly text: Buffer
}

/**
 * The records of a stream as events, from a position on, those that are asked for: `records`, and once `end` if it
 * cannot go on. Reads on when the page has taken what was read before.
 *
 * @param query of the request: `from` and what belongs to it, `shardId`, `key`, `text`
 * @throws what `stream.readBatches` throws
 */
export function consoleTail(
  stream: Stream,
  query: URLSearchParams,
  clock: Clock,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const question = questionOf(query)
  let missed = 0
  const reader = stream.readBatches({
    ...question.position,
    shardId: question.shardId,
    batchRecords: pageRecords,
    batchBytes: MiB,
    onTrimmed: 'skip',
    onGap: () => {
      missed += 1
    },
    signal,
  })
  return tailEvents(reader, question, { clock, signal, gaps: () => missed })
}

interface TailSurroundings {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How often records expired before they were read. */
  gaps(): number
}

async function* tailEvents(
  reader: BatchReader<Uint8Array>,
  question: TailQuestion,
  { clock, signal, gaps }: TailSurroundings,
): AsyncGenerator<Uint8Array, void, undefined> {
  let scanned = 0
  let reported = -1
  try {
    // The page learns that its question was understood.
    yield serverSentEvent('begin', {})
    for (let next = reader.next(); ;) {
      const result = await soon(next, clock)
      if (result === undefined) {
        yield heartbeat
        continue
      }
      if (result.done === true) return
      const records = matches(result.value, question)
      scanned += result.value.length
      if (records.length > 0 || scanned - reported >= progressRecords) {
        reported = scanned
        yield serverSentEvent('records', { records, scanned, gaps: gaps() })
      }
      // What is in memory comes without a wait; others want their turn.
      await nextTurn()
      next = reader.next()
    }
  } catch (error) {
    if (signal.aborted) return
    yield serverSentEvent('end', failureOf(error))
  } finally {
    await reader.return()
  }
}

/** What is promised, or `undefined` if it takes too long. */
async function soon<T>(promise: Promise<T>, clock: Clock): Promise<T | undefined> {
  let cancel: (() => void) | undefined
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.after(heartbeatMs, () => resolve(undefined))
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    cancel?.()
  }
}

function matches(batch: RecordBatch, { key, text }: TailQuestion): readonly ConsoleRecord[] {
  const found: ConsoleRecord[] = []
  for (let index = 0; index < batch.length; index++) {
    if (key !== '' && !batch.partitionKey(index).includes(key)) continue
    if (text.length > 0 && !bufferOf(batch.bytes(index)).includes(text)) continue
    found.push(consoleRecord(batch, index))
  }
  return found
}

function questionOf(query: URLSearchParams): TailQuestion {
  const known = ['from', 'sequence', 'arrivedAtMs', 'shardId', 'key', 'text']
  for (const name of query.keys()) {
    if (!known.includes(name)) throw invalidArgument('query', name, `one of ${known.join(', ')}`)
  }
  return {
    position: positionOf(query),
    shardId: query.get('shardId') ?? undefined,
    key: query.get('key') ?? '',
    text: Buffer.from(query.get('text') ?? ''),
  }
}

function positionOf(query: URLSearchParams): StartingPosition {
  const from = requireOneOf('from', query.get('from'), ['oldest', 'latest', 'sequence', 'time'])
  if (from === 'sequence') return { from, sequence: query.get('sequence') ?? '', inclusive: true }
  if (from === 'time') return { from, arrivedAtMs: Number(query.get('arrivedAtMs') ?? Number.NaN) }
  return { from }
}

/** An error as the page shows it. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof MillraceError) return { code: error.code, message: error.message }
  return { code: 'INTERNAL', message: 'internal failure' }
}
