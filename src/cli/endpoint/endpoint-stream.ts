import type {
  GetRecordsCommandOutput,
  GetShardIteratorCommandInput,
  KinesisClient,
  PutRecordsResultEntry,
  Shard,
  ShardFilter,
} from '@aws-sdk/client-kinesis'
import type { StartingPosition } from '../../index.ts'
import type { LineRecord } from '../record-format.ts'
import { MillraceError } from '../../errors.ts'
import type { RecordSink, SinkResult } from '../record-sink.ts'
import { EndpointBatch } from './endpoint-batch.ts'
import type { Sdk } from './endpoint.ts'
import { type Patience, pauseAfter, Refusals, usualPatience } from './pacing.ts'
import { entryError, isPassing, nameOf } from './refusals.ts'

/** What is read. */
export type EndpointRead = StartingPosition & {
  /** Only this shard. */
  readonly shardId?: string | undefined
  /** Ends where there is nothing more to read; else it waits for more. */
  readonly until?: 'tail' | undefined
  readonly signal: AbortSignal
}

/** AWS takes five GetRecords a second of a shard, from all who read it. */
const pollMs = 250
const polling: Patience = { firstPauseMs: pollMs, longestPauseMs: pollMs, pausesMax: 0 }

/** How a stream at an endpoint is used. */
export interface EndpointStreamOptions {
  /** Ends what is tried again and again. */
  readonly signal?: AbortSignal | undefined
  /** How long something is tried again; `usualPatience` unless said. */
  readonly patience?: Patience | undefined
}

/** One stream at an endpoint, as far as `put`, `tail` and `peek` need it. */
export class EndpointStream implements RecordSink {
  readonly name: string
  readonly #sdk: Sdk
  readonly #client: KinesisClient
  readonly #signal: AbortSignal | undefined
  readonly #patience: Patience

  constructor(sdk: Sdk, client: KinesisClient, name: string, options: EndpointStreamOptions = {}) {
    this.#sdk = sdk
    this.#client = client
    this.name = name
    this.#signal = options.signal
    this.#patience = options.patience ?? usualPatience
  }

  /**
   * Stores records; those that were refused for now again, until they are taken, none was taken for long, or
   * the signal says that this is enough. One result each, in order.
   */
  async putBatch(records: readonly LineRecord[]): Promise<readonly SinkResult[]> {
    const results: SinkResult[] = records.map(() => ({ ok: true }))
    let left = records.map((record, index) => ({ record, index }))
    const refusals = new Refusals(this.#patience, this.#signal)
    for (;;) {
      const entries = await this.#putOnce(left.map(({ record }) => record))
      const again: typeof left = []
      for (const [place, entry] of entries.entries()) {
        const asked = left[place]
        if (asked === undefined || entry.ErrorCode === undefined) continue
        results[asked.index] = { ok: false, error: entryError(entry) }
        if (isPassing(entry.ErrorCode)) again.push(asked)
      }
      if (again.length < left.length) refusals.end()
      if (again.length === 0 || !refusals.add()) return results
      await refusals.pause()
      if (this.#signal?.aborted === true) return results
      for (const { index } of again) results[index] = { ok: true }
      left = again
    }
  }

  /** What became of each record. A call that is refused for now has refused all of them. */
  async #putOnce(records: readonly LineRecord[]): Promise<readonly PutRecordsResultEntry[]> {
    const Records = records.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data }))
    try {
      const command = new this.#sdk.PutRecordsCommand({ StreamName: this.name, Records })
      return (await this.#client.send(command)).Records ?? []
    } catch (error) {
      if (!isPassing(nameOf(error))) throw error
      const refused = { ErrorCode: nameOf(error), ErrorMessage: (error as Error).message }
      return records.map(() => refused)
    }
  }

  /** Shards within retention, by id; or those that a filter names. */
  async shards(ShardFilter?: ShardFilter): Promise<readonly Shard[]> {
    const { ListShardsCommand } = this.#sdk
    const found: Shard[] = []
    let NextToken: string | undefined
    do {
      const input =
        NextToken === undefined
          ? { StreamName: this.name, ...(ShardFilter === undefined ? {} : { ShardFilter }) }
          : { NextToken }
      const answer = await this.#client.send(new ListShardsCommand(input))
      found.push(...(answer.Shards ?? []))
      NextToken = answer.NextToken
    } while (NextToken !== undefined)
    return found
  }

  /**
   * Reads records a page at a time; parents before their children, shards that go on side by side in turn.
   * What is refused for now is asked for again, for as long as there is patience.
   */
  async *readBatches({ shardId, until, signal, ...position }: EndpointRead): AsyncGenerator<EndpointBatch> {
    const cursors = await this.#cursors(position, shardId, signal)
    // Children that wait for their second parent.
    const done = new Set<string>()
    const known = new Set(cursors.keys())
    while (cursors.size > 0) {
      let idle = true
      let refusals = 0
      for (const [id, cursor] of cursors) {
        if (signal.aborted) return
        const page = await this.#page(id, cursor, signal)
        if (page === undefined) {
          refusals = Math.max(refusals, cursor.refusals.count)
          continue
        }
        const records = page.Records ?? []
        if (records.length > 0) {
          idle = false
          cursor.start = after(records.at(-1)?.SequenceNumber)
          yield new EndpointBatch(id, records)
        }
        if (page.NextShardIterator !== undefined) {
          cursor.iterator = page.NextShardIterator
          cursor.atTail = records.length === 0 && (page.MillisBehindLatest ?? 0) === 0
          continue
        }
        cursors.delete(id)
        done.add(id)
        idle = false
        if (shardId === undefined) await this.#follow(page, { cursors, done, known, signal })
      }
      if (until === 'tail' && [...cursors.values()].every(({ atTail }) => atTail)) return
      if (refusals > 0) await pauseAfter(refusals, this.#patience, signal)
      else if (idle) await pauseAfter(1, polling, signal)
    }
  }

  async #follow(page: GetRecordsCommandOutput, { cursors, done, known, signal }: Front): Promise<void> {
    for (const { ShardId: id, ParentShards: parents = [] } of page.ChildShards ?? []) {
      // A child of two is read once both have ended; the second one starts it.
      if (id === undefined || known.has(id)) continue
      if (!parents.every((parent) => done.has(parent) || !known.has(parent))) continue
      known.add(id)
      cursors.set(id, await this.#cursor(id, { ShardIteratorType: 'TRIM_HORIZON' }, signal))
    }
  }

  async #cursors(
    position: StartingPosition,
    shardId: string | undefined,
    signal: AbortSignal,
  ): Promise<Map<string, Cursor>> {
    const start = startOf(position)
    const ids = shardId === undefined ? rootsOf(await this.shards(filterOf(position))) : [shardId]
    const cursors = new Map<string, Cursor>()
    for (const id of ids) cursors.set(id, await this.#cursor(id, start, signal))
    return cursors
  }

  async #cursor(shardId: string, start: Start, signal: AbortSignal): Promise<Cursor> {
    // What is the latest now is not when somebody has to begin again.
    const lasting: Start =
      start.ShardIteratorType === 'LATEST'
        ? { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date() }
        : start
    const iterator = await this.#iterator(shardId, start, signal)
    return { iterator, start: lasting, atTail: false, refusals: new Refusals(this.#patience, signal) }
  }

  async #iterator(ShardId: string, start: Start, signal: AbortSignal): Promise<string> {
    const refusals = new Refusals(this.#patience, signal)
    const input = { StreamName: this.name, ShardId, ...start }
    for (;;) {
      try {
        const command = new this.#sdk.GetShardIteratorCommand(input)
        return (await this.#client.send(command, { abortSignal: signal })).ShardIterator ?? ''
      } catch (error) {
        // Nobody reads with it any more.
        if (signal.aborted) return ''
        if (!isPassing(nameOf(error)) || !refusals.add()) throw error
        await refusals.pause()
      }
    }
  }

  /** The next records; `undefined` if they are refused for now. An iterator that expired is replaced. */
  async #page(
    shardId: string,
    cursor: Cursor,
    signal: AbortSignal,
  ): Promise<GetRecordsCommandOutput | undefined> {
    try {
      const command = new this.#sdk.GetRecordsCommand({ ShardIterator: cursor.iterator })
      const page = await this.#client.send(command, { abortSignal: signal })
      cursor.refusals.end()
      return page
    } catch (error) {
      if (signal.aborted) return undefined
      const name = nameOf(error)
      const expired = name === 'ExpiredIteratorException'
      if ((!expired && !isPassing(name)) || !cursor.refusals.add()) throw error
      if (expired) cursor.iterator = await this.#iterator(shardId, cursor.start, signal)
      return undefined
    }
  }
}

/** Where a shard's reading is. */
interface Cursor {
  iterator: string
  /** Where reading begins again if the iterator has expired. */
  start: Start
  /** The last page was empty, and nothing lay behind it. */
  atTail: boolean
  readonly refusals: Refusals
}

interface Front {
  readonly cursors: Map<string, Cursor>
  readonly done: ReadonlySet<string>
  readonly known: Set<string>
  readonly signal: AbortSignal
}

type Start = Omit<GetShardIteratorCommandInput, 'StreamName' | 'ShardId'>

function startOf(position: StartingPosition): Start {
  switch (position.from) {
    case 'oldest':
      return { ShardIteratorType: 'TRIM_HORIZON' }
    case 'latest':
      return { ShardIteratorType: 'LATEST' }
    case 'time':
      return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(position.arrivedAtMs) }
    case 'sequence':
      return {
        ShardIteratorType: position.inclusive === true ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER',
        StartingSequenceNumber: String(position.sequence),
      }
    default:
      throw new MillraceError('ERR_MILLRACE_UNSUPPORTED', 'an endpoint has no such position')
  }
}

/** Behind a record that was read. */
function after(StartingSequenceNumber: string | undefined): Start {
  return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber }
}

/** The shards that a position can be in. */
function filterOf({ from }: StartingPosition): ShardFilter | undefined {
  return from === 'latest' ? { Type: 'AT_LATEST' } : undefined
}

/** Shards whose parents are not among them: their children are told of at their ends. */
function rootsOf(shards: readonly Shard[]): readonly string[] {
  const ids = new Set(shards.map(({ ShardId }) => ShardId))
  return shards.flatMap(({ ShardId, ParentShardId, AdjacentParentShardId }) =>
    ShardId === undefined || ids.has(ParentShardId ?? '') || ids.has(AdjacentParentShardId ?? '')
      ? []
      : [ShardId],
  )
}
