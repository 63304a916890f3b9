import type { ShardLog } from '../../../src/log/log.ts'
import { ModelEngine } from '../../model/model-engine.ts'
import type { PlainRecord } from '../../model/record.ts'
import type { Subject } from '../subject.ts'
import { append, type PageLimits, readAll, readEverything, readPage } from '../traffic.ts'
import type { Step } from './step.ts'

/** One of the two logs, and the offsets of all records that were ever appended to it. */
interface Side {
  log: ShardLog
  readonly offsets: number[]
}

/** What one side shows of a step, in terms that do not depend on its offsets. */
type Observation = unknown

/** The log under test and the model of it, side by side: each step is taken on both. */
export class Comparison {
  readonly #subject: Subject
  readonly #actual: Side
  readonly #expected: Side
  #timeMs = 1_000_000

  constructor(subject: Subject, log: ShardLog) {
    const { maxBatchRecords } = subject.engine.caps
    const engine = new ModelEngine({ clock: subject.clock, caps: { maxBatchRecords } })
    const [slot] = engine.create('stream', 1, 1)
    if (slot === undefined) throw new Error('the model names no log')
    this.#subject = subject
    this.#actual = { log, offsets: [] }
    this.#expected = { log: engine.open(slot), offsets: [] }
  }

  /** Takes one step on both and answers what was seen of it: the same, if the log is right. */
  async take(step: Step): Promise<{ readonly actual: Observation; readonly expected: Observation }> {
    if (step.call === 'append') this.#timeMs += step.stepMs
    if (step.call === 'reopenLog') this.#actual.log = await this.#subject.reopenLog()
    if (step.call === 'reopenEngine') this.#actual.log = await this.#subject.reopenEngine()
    return {
      actual: await this.#observe(this.#actual, step),
      expected: await this.#observe(this.#expected, step),
    }
  }

  /** Every record of both. */
  async everything(): Promise<{ readonly actual: Observation; readonly expected: Observation }> {
    const [actual, expected] = await Promise.all(
      [this.#actual, this.#expected].map(async (side) => placed(side, await readEverything(side.log))),
    )
    return { actual, expected }
  }

  async #observe(side: Side, step: Step): Promise<Observation> {
    switch (step.call) {
      case 'append':
        return observeAppend(side, step, this.#timeMs)
      case 'read':
        return observeRead(side, offsetOf(side, step.place), step.limits)
      case 'seek':
        return placeOf(side, await side.log.seek(this.#timeMs - step.backMs))
      case 'wait':
        return side.log.wait(offsetOf(side, step.place), 0)
      case 'trim':
        await side.log.trim(offsetOf(side, step.place))
        return observeStats(side)
      case 'seal':
        await side.log.seal()
        return observeStats(side)
      case 'flush':
        await side.log.flush()
        return observeStats(side)
      case 'stats':
      case 'reopenLog':
      case 'reopenEngine':
        return observeStats(side)
      default:
        return step satisfies never
    }
  }
}

async function observeAppend(
  side: Side,
  step: Extract<Step, { readonly call: 'append' }>,
  timeMs: number,
): Promise<Observation> {
  const order = [...step.entries.keys()].toReversed()
  const from = Math.min(step.skip, order.length)
  if (from === order.length) return 'nothing to append'
  const { count, offsets, timesMs } = await append(side.log, step.entries, timeMs, { order, from })
  for (const index of order.slice(from, from + Math.max(0, count)))
    side.offsets.push(offsets[index] ?? Number.NaN)
  return { count, timesMs, answered: offsets.map((offset) => !Number.isNaN(offset)) }
}

/** Pages may end earlier than they must, so the records are compared over all pages to the tail. */
async function observeRead(side: Side, from: number, limits: PageLimits): Promise<Observation> {
  const { answer, records, block } = await readPage(side.log, from, limits)
  const first = placeOf(side, block.first)
  if (answer < 0) return { answer, first }
  const bytes = records.reduce((sum, record) => sum + record.key.length + record.data.length, 0)
  const kept =
    records.length <= 1 || (records.length <= (limits.maxRecords ?? 0) && bytes <= (limits.maxBytes ?? 0))
  return { kept, some: answer > 0, first, records: placed(side, await readAll(side.log, from, limits)) }
}

async function observeStats(side: Side): Promise<Observation> {
  const { first, next, durable, firstTimeMs, lastTimeMs, sealed } = await side.log.stats()
  return {
    first: placeOf(side, first),
    sane: durable <= next && first <= next,
    firstTimeMs,
    lastTimeMs,
    sealed,
  }
}

/** The offset of the record at a place, or one past the last record. */
function offsetOf(side: Side, place: number): number {
  const index = place % (side.offsets.length + 3)
  return side.offsets[index] ?? (side.offsets.at(-1) ?? 0) + index - side.offsets.length + 1
}

/** The place of the record at or after an offset; -1 past the last one. */
function placeOf(side: Side, offset: number): number {
  return side.offsets.findIndex((each) => each >= offset)
}

function placed(side: Side, records: readonly PlainRecord[]): Observation {
  return records.map(({ offset, ...content }) => ({ place: side.offsets.indexOf(offset), ...content }))
}
