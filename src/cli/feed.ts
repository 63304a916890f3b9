import { MillraceError } from '../errors.ts'
import { type Line, linesOf } from './lines.ts'
import type { RecordSink } from './record-sink.ts'
import { BadLine, lineBytesMax, type LineRecord, type RecordMaker } from './record-format.ts'

/**
 * A line that cannot be stored. It is the input's fault and not the command line's, whatever the store calls
 * it.
 */
class RefusedLine extends Error {
  override readonly name = 'RefusedLine'
  readonly code: string
  readonly line: number

  constructor(line: number, reason: string, cause: Error) {
    super(`line ${line}: ${reason}`, { cause })
    this.code = cause instanceof MillraceError ? cause.code : 'ERR_MILLRACE_CODEC'
    this.line = line
  }
}

/** How far a feed is, and how it ended. */
export interface Feed {
  /** Records that the store has acknowledged, and their data, bytes. */
  readonly records: number
  readonly recordBytes: number
  /** Lines that were read, blank and bad ones included. */
  readonly lines: number
  /** Bytes of the source that were read. */
  readonly sourceBytes: number
  /** Lines that could not be stored. */
  readonly bad: number
  readonly firstBad: { readonly line: number; readonly reason: string } | null
  /** What ended the feed before its source did; null if nothing did, or the signal. */
  readonly stopped: Error | null
}

/** How a feed behaves. */
export interface FeedOptions {
  /** Count bad lines and go on. */
  readonly skipBad: boolean
  /** Ends the feed after the batch in flight. */
  readonly signal: AbortSignal
  readonly onStored: (feed: Feed) => void
}

/** As many as one `putBatch` of Kinesis takes; more gain nothing. */
const batchRecordsMax = 500
/** Bytes after which a batch is stored though it has few records. */
const batchBytesMax = 1024 * 1024

/** Stores a source's lines in order, a batch at a time, and reads on only once a batch is acknowledged. */
export async function feedStream(
  stream: RecordSink,
  source: AsyncIterable<Uint8Array>,
  makeRecord: RecordMaker,
  options: FeedOptions,
): Promise<Feed> {
  const feeder = new Feeder(stream, makeRecord, options)
  try {
    for await (const lines of linesOf(counted(source, feeder), lineBytesMax)) {
      await feeder.take(lines)
      if (options.signal.aborted) break
    }
  } catch (error) {
    if (options.signal.aborted) return feeder.feed(null)
    return feeder.feed(error instanceof Error ? error : new Error(String(error)))
  }
  return feeder.feed(null)
}

async function* counted(source: AsyncIterable<Uint8Array>, feeder: Feeder): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    feeder.sourceBytes += chunk.length
    yield chunk
  }
}

class Feeder {
  sourceBytes = 0
  readonly #stream: RecordSink
  readonly #makeRecord: RecordMaker
  readonly #options: FeedOptions
  #batch: LineRecord[] = []
  /** Line numbers of the records in `#batch`. */
  #numbers: number[] = []
  #batchBytes = 0
  #records = 0
  #recordBytes = 0
  #lines = 0
  #bad = 0
  #firstBad: Feed['firstBad'] = null

  constructor(stream: RecordSink, makeRecord: RecordMaker, options: FeedOptions) {
    this.#stream = stream
    this.#makeRecord = makeRecord
    this.#options = options
  }

  feed(stopped: Error | null): Feed {
    return {
      records: this.#records,
      recordBytes: this.#recordBytes,
      lines: this.#lines,
      sourceBytes: this.sourceBytes,
      bad: this.#bad,
      firstBad: this.#firstBad,
      stopped,
    }
  }

  /** Stores all of these lines. What precedes a bad line is stored before it is refused. */
  async take(lines: readonly Line[]): Promise<void> {
    for (const line of lines) {
      this.#lines += 1
      const record = await this.#made(line)
      if (record === undefined) continue
      this.#batch.push(record)
      this.#numbers.push(line.number)
      this.#batchBytes += record.data.length
      if (this.#batch.length === batchRecordsMax || this.#batchBytes >= batchBytesMax) await this.#store()
      if (this.#options.signal.aborted) return
    }
    await this.#store()
  }

  async #made(line: Line): Promise<LineRecord | undefined> {
    try {
      return this.#makeRecord(line)
    } catch (error) {
      if (!(error instanceof BadLine)) throw error
      await this.#store()
      this.#refuse(line.number, error.message, error)
      return undefined
    }
  }

  /**
   * Stores the batch. A record that the store refuses as such is a bad line; those before it go in, and those
   * after.
   */
  async #store(): Promise<void> {
    while (this.#batch.length > 0) {
      const refused = await this.#putBatch(this.#batch.length)
      if (refused === undefined) return
      const { entry, error } = refused
      if (entry > 0) await this.#putBatch(entry)
      this.#refuse(this.#numbers[0] ?? 0, error.message.replace(/^entries\[\d+\]: /, ''), error)
      this.#drop(1)
    }
  }

  /**
   * Stores the first `count` records and takes them off the batch; answers the record that made the store
   * refuse all.
   */
  async #putBatch(
    count: number,
  ): Promise<{ readonly entry: number; readonly error: MillraceError } | undefined> {
    const batch = count === this.#batch.length ? this.#batch : this.#batch.slice(0, count)
    let results
    try {
      results = await this.#stream.putBatch(batch)
    } catch (error) {
      const entry = error instanceof MillraceError ? error.details['entry'] : undefined
      if (error instanceof MillraceError && typeof entry === 'number') return { entry, error }
      throw error
    }
    let failure: MillraceError | undefined
    for (const [index, result] of results.entries()) {
      if (!result.ok) {
        failure ??= result.error
        continue
      }
      this.#records += 1
      this.#recordBytes += batch[index]?.data.length ?? 0
    }
    this.#drop(count)
    this.#options.onStored(this.feed(null))
    if (failure !== undefined) throw failure
    return undefined
  }

  #drop(count: number): void {
    this.#batch = this.#batch.slice(count)
    this.#numbers = this.#numbers.slice(count)
    this.#batchBytes = this.#batch.reduce((sum, { data }) => sum + data.length, 0)
  }

  #refuse(line: number, reason: string, cause: Error): void {
    this.#bad += 1
    this.#firstBad ??= { line, reason }
    if (this.#options.skipBad) return
    throw new RefusedLine(line, reason, cause)
  }
}
