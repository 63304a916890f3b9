/** What helper threads do for queries: it is an entry of the package, which `query` has threads run. */
import type { Progress, WorkAnswer } from '../work.ts'
import { Jq } from './jq.ts'
import { recordDepthMax, resultBytesMax, wrapped } from './jq-program.ts'
import { isDeeper } from './json-values.ts'

/** To check a program, or to run it over records. */
export type QueryRequest =
  | { readonly kind: 'check'; readonly program: string }
  | {
      readonly kind: 'run'
      readonly program: string
      /** The records, one behind the other. */
      readonly bytes: ArrayBuffer
      /** Where each of them ends. */
      readonly ends: Uint32Array
    }

/** What a record has come to: the values that its result names, or why there are none. */
export type QueryOutcome = Readonly<Record<string, string>> | string

/** To `run`. */
export interface QueryAnswer {
  /** Of the records in their order: of all, unless it was stopped at the one behind them. */
  readonly outcomes: readonly QueryOutcome[]
  /** Why it was stopped. */
  readonly stopped: string | undefined
}

let jq: Jq | undefined

/** Answers a `QueryAnswer`, or what jq says against a program: nothing if it is right. */
export async function work(request: QueryRequest, progress: Progress): Promise<WorkAnswer> {
  jq ??= new Jq()
  if (request.kind === 'check') return { answer: await complaintOf(jq, request.program) }
  const records = new Records(request.bytes, request.ends)
  return { answer: await new Run(records, progress).outcomes(jq, wrapped(request.program)) }
}

/** Alone first: the message is then about what the user wrote. */
async function complaintOf(made: Jq, program: string): Promise<string | undefined> {
  for (const text of [` ${program}`, wrapped(program)]) {
    const { status, complaint } = await made.run(text, new Uint8Array(), () => {})
    if (status !== 0) return complaint
  }
  return undefined
}

/** Records in one piece of memory. */
class Records {
  readonly #bytes: Uint8Array
  readonly #ends: Uint32Array

  constructor(bytes: ArrayBuffer, ends: Uint32Array) {
    this.#bytes = new Uint8Array(bytes)
    this.#ends = ends
  }

  get count(): number {
    return this.#ends.length
  }

  at(place: number): Uint8Array {
    return this.#bytes.subarray(place === 0 ? 0 : this.#ends[place - 1], this.#ends[place])
  }
}

/** A program over some records. */
class Run {
  readonly #records: Records
  readonly #progress: Progress
  readonly #outcomes: (QueryOutcome | undefined)[]
  /** Places of the records that jq gets. */
  readonly #given: number[] = []
  /** How many of those have had their line. */
  #answered = 0
  readonly #line = new Line()

  constructor(records: Records, progress: Progress) {
    this.#records = records
    this.#progress = progress
    this.#outcomes = Array.from({ length: records.count })
  }

  async outcomes(made: Jq, program: string): Promise<QueryAnswer> {
    const input = this.#input()
    this.#tell()
    const run =
      this.#given.length === 0
        ? { status: 0, complaint: '' }
        : await made.run(program, input, (piece) => this.#line.add(piece, (line) => this.#take(line)))
    const stoppedAt = this.#given[this.#answered]
    const outcomes = this.#outcomes.slice(0, stoppedAt ?? this.#records.count) as QueryOutcome[]
    return { outcomes, stopped: stoppedAt === undefined ? undefined : run.complaint }
  }

  /** Every record that jq can read, with its place. What is more than one value, or none, would confuse it. */
  #input(): Uint8Array {
    const pieces: Uint8Array[] = []
    for (let place = 0; place < this.#records.count; place++) {
      const record = this.#records.at(place)
      const fault = faultOf(record)
      if (fault === undefined) {
        this.#given.push(place)
        pieces.push(Buffer.from(`[${place},`), record, lineEnd)
      } else {
        this.#outcomes[place] = fault
      }
    }
    return Buffer.concat(pieces)
  }

  #take(line: Uint8Array | undefined): void {
    const place = this.#given[this.#answered]
    if (place === undefined) throw new Error('jq answers more records than it got')
    this.#outcomes[place] =
      line === undefined ? 'The result of the query is too large' : outcomeOf(line, place)
    this.#answered += 1
    this.#tell()
  }

  /** At which record it is. */
  #tell(): void {
    this.#progress(this.#given[this.#answered] ?? this.#records.count)
  }
}

const lineEnd = Buffer.from(']\n')
/** A byte order mark is not JSON, and stays. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Why jq cannot read a record, in the words of AWS. */
function faultOf(record: Uint8Array): string | undefined {
  let text
  try {
    text = strict.decode(record)
  } catch {
    return 'Non UTF-8 record provided. Only UTF-8 encoded data is supported.'
  }
  try {
    JSON.parse(text)
  } catch {
    return 'Non JSON record provided'
  }
  if (isDeeper(record, recordDepthMax)) return `The record is nested deeper than ${recordDepthMax} levels`
  return undefined
}

function outcomeOf(line: Uint8Array, place: number): QueryOutcome {
  const [of, kind, result] = JSON.parse(strict.decode(line)) as [number, number, unknown]
  if (of !== place) throw new Error(`jq answers record ${of} where ${place} is due`)
  if (kind !== 0) return String(result)
  const values = Object.entries(result as Readonly<Record<string, string | number | boolean | null>>)
  // jq writes what is no number as null.
  if (values.some(([, value]) => value === null)) return 'partitionKeys values must not be null or empty'
  return Object.fromEntries(values.map(([name, value]) => [name, String(value)]))
}

/** Makes lines of pieces. */
class Line {
  #begun: Uint8Array[] = []
  #bytes = 0

  /** @param take gets `undefined` for a line that is longer than a result may be */
  add(piece: Uint8Array, take: (line: Uint8Array | undefined) => void): void {
    let from = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      this.#keep(piece.subarray(from, end))
      take(this.#bytes > resultBytesMax ? undefined : Buffer.concat(this.#begun))
      this.#begun = []
      this.#bytes = 0
      from = end + 1
    }
    this.#keep(piece.slice(from))
  }

  #keep(part: Uint8Array): void {
    this.#bytes += part.length
    if (this.#bytes <= resultBytesMax && part.length > 0) this.#begun.push(part)
  }
}
