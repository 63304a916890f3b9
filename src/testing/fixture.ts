import { readFile, writeFile } from 'node:fs/promises'
import { invalidArgument, MillraceError } from '../errors.ts'
import { requireMethods, requireOptions } from '../options.ts'
import { bytesCodec } from '../streams/codec.ts'
import { packEntry } from '../streams/pack-entry.ts'
import type { Stored } from '../streams/put.ts'
import { Staging } from '../streams/staging.ts'
import { coreOf, type Stream } from '../streams/stream.ts'
import { drain, type DrainOptions } from './drain.ts'
import { fixtureLine, type FixtureRecord, type ParsedRecord, parseFixtureRecord } from './fixture-record.ts'
import type { ManualClock } from './manual-clock.ts'

/** Where a fixture comes from: a file (a path or `file:` URL), or its lines or records themselves. */
export type FixtureSource = string | URL | Iterable<string | FixtureRecord>

/** Options of `loadFixture`. */
export interface LoadFixtureOptions {
  /**
   * The store's clock: time passes on it from record to record as it passed when they arrived, by their `arrivedAtMs`.
   * Without it all arrive at once.
   */
  readonly clock?: ManualClock | undefined
}

/** Records of one `putBatch`. */
const batchRecordsMax = 500

/** A record, and where it stands. */
interface Placed extends ParsedRecord {
  readonly line: Line
}

/** A line of a fixture. */
interface Line {
  /** From 1 on. */
  readonly number: number
  /** Such as `clicks.ndjson:3`. */
  readonly name: string
}

/**
 * Stores the records of a fixture, in order. One record a line, as JSON, blank lines aside:
 *
 * ```json
 * {"partitionKey":"user-42","json":{"page":"/"}}
 * {"partitionKey":"user-42","data":"text","arrivedAtMs":1767225600000}
 * {"partitionKey":"user-42","dataBase64":"AAEC","explicitHashKey":"0"}
 * ```
 *
 * The payload is stored as it stands there, past the stream's codec. What `millrace tail --json` prints is a fixture, too:
 * where its records once lay is passed over. Answers where each record lies now.
 *
 * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION` or `ERR_MILLRACE_RECORD_TOO_LARGE`, whose
 * message and `details.line` name the first line that is at fault, before anything is stored; `ERR_MILLRACE_IO` for a file
 * that cannot be read; and with the error of the first record that was not stored.
 */
export async function loadFixture<T>(
  stream: Stream<T>,
  source: FixtureSource,
  options: LoadFixtureOptions = {},
): Promise<readonly Stored[]> {
  requireOptions('loadFixture options', options, ['clock'])
  const { clock } = options
  if (clock !== undefined) requireMethods('clock', clock, ['nowMs', 'monotonicMs', 'after', 'advance'])
  const records = await recordsOf(source)
  checkRecords(stream, records, clock !== undefined)
  const stored: Stored[] = []
  let lastMs: number | undefined
  for (const batch of batchesOf(records, clock !== undefined)) {
    const arrivedAtMs = batch[0]?.arrivedAtMs
    if (clock !== undefined && arrivedAtMs !== undefined) {
      await clock.advance(arrivedAtMs - (lastMs ?? arrivedAtMs))
      lastMs = arrivedAtMs
    }
    stored.push(...(await putAll(stream, batch)))
  }
  return stored
}

/**
 * Writes what the stream holds as a fixture that `loadFixture` takes: in the order of arrival, and within each shard in
 * that of the shard. JSON objects and lists stay readable, text that is none too, everything else is Base64. Answers how
 * many records it wrote.
 *
 * Rejects with `ERR_MILLRACE_IO` for a file that cannot be written, and as `drain` does.
 *
 * @param file a path or `file:` URL; what was there before is replaced
 * @param options which records; all by default
 */
export async function recordFixture<T>(
  stream: Stream<T>,
  file: string | URL,
  options: DrainOptions = {},
): Promise<number> {
  const records = await drain(stream, options)
  // Stable: what arrived in one millisecond stays as it was read, parents before children.
  const ordered = records.toSorted((a, b) => a.arrivedAtMs - b.arrivedAtMs)
  const text = ordered.map((record) => `${fixtureLine(record)}\n`).join('')
  await writeFile(file, text).catch((cause: unknown) => {
    throw fileError('written', file, cause)
  })
  return records.length
}

async function recordsOf(source: FixtureSource): Promise<readonly Placed[]> {
  if (typeof source === 'string' || source instanceof URL) {
    const bytes = await readFile(source).catch((cause: unknown) => {
      throw fileError('read', source, cause)
    })
    return placed(bytes.toString().split('\n'), String(source))
  }
  if (typeof source === 'object' && source !== null && Symbol.iterator in source)
    return placed(source, 'fixture')
  throw invalidArgument('source', source, 'a path, a file: URL, or an iterable of lines or records')
}

function placed(lines: Iterable<unknown>, name: string): readonly Placed[] {
  const records: Placed[] = []
  let number = 0
  for (const content of lines) {
    number += 1
    if (typeof content === 'string' && content.trim() === '') continue
    const line = { number, name: `${name}:${number}` }
    records.push({ line, ...atLine(line, () => parseFixtureRecord(content)) })
  }
  return records
}

/** What can be known to be wrong before anything is stored. */
function checkRecords<T>(stream: Stream<T>, records: readonly Placed[], byArrival: boolean): void {
  const { state, keyless } = coreOf(stream)
  const trial = new Staging()
  let lastMs = 0
  for (const { line, entry, arrivedAtMs = lastMs } of records) {
    atLine(line, () => {
      trial.reset()
      packEntry(trial, entry, bytesCodec, state.maxRecordBytes, keyless)
      if (byArrival && arrivedAtMs < lastMs)
        throw invalidArgument('arrivedAtMs', arrivedAtMs, `${lastMs}, that of an earlier line, or later`)
    })
    lastMs = arrivedAtMs
  }
}

/** Records that are put at once: neighbours, and if that counts, of one arrival. */
function* batchesOf(records: readonly Placed[], byArrival: boolean): Generator<readonly Placed[]> {
  let batch: Placed[] = []
  let batchMs: number | undefined
  for (const record of records) {
    const moves = byArrival && record.arrivedAtMs !== undefined && record.arrivedAtMs !== batchMs
    if (batch.length > 0 && (moves || batch.length === batchRecordsMax)) {
      yield batch
      batch = []
    }
    if (moves) batchMs = record.arrivedAtMs
    batch.push(record)
  }
  if (batch.length > 0) yield batch
}

/** Stores bytes as they are, whatever the stream's codec. */
async function putAll<T>(stream: Stream<T>, batch: readonly Placed[]): Promise<readonly Stored[]> {
  const core = coreOf(stream)
  core.requireWritable()
  const results = await core.commits.putBatch((staging) => {
    for (const { entry } of batch)
      packEntry(staging, entry, bytesCodec, core.state.maxRecordBytes, core.keyless)
  })
  return results.map((result, index) => {
    if (result.ok) return result
    throw named(batch[index]?.line, result.error)
  })
}

function atLine<R>(line: Line, read: () => R): R {
  try {
    return read()
  } catch (error) {
    throw named(line, error)
  }
}

function named(line: Line | undefined, error: unknown): unknown {
  if (line === undefined || !(error instanceof MillraceError)) return error
  return new MillraceError(error.code, `${line.name}: ${error.message}`, {
    cause: error.cause ?? error,
    details: { ...error.details, line: line.number },
  })
}

function fileError(what: 'read' | 'written', file: string | URL, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MillraceError('ERR_MILLRACE_IO', `the fixture ${String(file)} cannot be ${what}: ${reason}`, {
    cause,
    details: { path: String(file) },
  })
}
