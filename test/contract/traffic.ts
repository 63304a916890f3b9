import { Refusal, type ShardLog } from '../../src/log/log.ts'
import { ReadBlock } from '../../src/log/read-block.ts'
import { answersFor, batchOf, type Entry, type Selection } from '../model/batch.ts'
import { type PlainRecord, recordsOf } from '../model/record.ts'

/** What an `append` answered. */
export interface AppendAnswer {
  readonly count: number
  readonly offsets: readonly number[]
  readonly timesMs: readonly number[]
}

/** Appends entries, once the disk has caught up with those before; `NaN` stands where the log wrote nothing. */
export async function append(
  log: ShardLog,
  entries: readonly Entry[],
  timeMs = 1_000,
  selection: Selection = {},
): Promise<AppendAnswer> {
  const batch = batchOf(entries, timeMs, selection)
  const out = answersFor(batch)
  let count = await log.append(batch, out)
  while (count === Refusal.busy) {
    await log.flush()
    count = await log.append(batch, out)
  }
  return { count, offsets: [...out.offsets], timesMs: [...out.timesMs] }
}

/** Appends one record with this payload and answers its offset. */
export async function appendOne(log: ShardLog, data: string, timeMs = 1_000): Promise<number> {
  const { offsets } = await append(log, [{ data }], timeMs)
  return offsets[0] ?? Number.NaN
}

/** One page. */
export interface Page {
  readonly answer: number
  readonly records: readonly PlainRecord[]
  readonly block: ReadBlock
}

/** How much a page may hold. */
export interface PageLimits {
  /** @defaultValue 64 KiB */
  readonly maxBytes?: number
  /** @defaultValue 100 */
  readonly maxRecords?: number
}

export async function readPage(log: ShardLog, from: number, limits: PageLimits = {}): Promise<Page> {
  const block = new ReadBlock(256, 100)
  const answer = await log.read(from, limits.maxBytes ?? 65_536, limits.maxRecords ?? 100, block)
  return { answer, records: recordsOf(block), block }
}

/** Every record at or after `from`, page by page until the tail. */
export async function readAll(log: ShardLog, from: number, limits: PageLimits = {}): Promise<PlainRecord[]> {
  const records: PlainRecord[] = []
  for (let position = from; ;) {
    const page = await readPage(log, position, limits)
    if (page.answer < 0) throw new Error(`read from ${position} was refused: ${page.answer}`)
    records.push(...page.records)
    if (page.block.atTail) return records
    if (page.block.next <= position) throw new Error(`the page at ${position} leads nowhere`)
    position = page.block.next
  }
}

/** Every readable record. */
export async function readEverything(log: ShardLog, limits: PageLimits = {}): Promise<PlainRecord[]> {
  return readAll(log, (await log.stats()).first, limits)
}

/** The payloads as text. */
export function texts(records: readonly PlainRecord[]): string[] {
  return records.map((record) => record.data.toString())
}

/** `count` entries with distinct payloads of varying length, some of them empty. */
export function variedEntries(count: number, seed = 0): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key-${(index * 7 + seed) % 13}`,
    data: `${seed}-${index}-`.repeat((index * 5 + seed) % 9),
  }))
}
