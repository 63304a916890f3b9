import { LatencyHistogram } from './histogram.ts'

/** Streams that are counted one by one; what happens to others is counted together. */
export const streamsMax = 100
/** The name that those others go by: no stream can have it. */
export const otherStreams = '(other)'

/** What happened to one stream by calls of the service since the server started, in CloudWatch's terms. */
export class StreamTotals {
  putRecord: CallTotals = new CallTotals()
  putRecords: CallTotals = new CallTotals()
  getRecords: CallTotals = new CallTotals()
  subscribeToShard: CallTotals = new CallTotals()
  putRecordsTotal = 0
  putRecordsFailed = 0
  putRecordsThrottled = 0
  subscribeToShardEvents: CallTotals = new CallTotals()
  readThrottled = 0
  writeThrottled = 0
  subscribeThrottled = 0
  /** Of the last read that answered records, milliseconds; 0 if it left none. */
  iteratorAgeMs = 0
  /** Of the last event, milliseconds. */
  eventBehindMs = 0
}

/** Calls of one operation. */
export class CallTotals {
  /** Calls that succeeded. */
  success = 0
  records = 0
  /** Keys and data. */
  bytes = 0
  readonly latency: LatencyHistogram = new LatencyHistogram()
}

/** Counts by stream. Streams are made by clients: beyond `streamsMax` they are counted together. */
export class StreamFigures {
  readonly #streams: Map<string, StreamTotals> = new Map()

  get streams(): ReadonlyMap<string, StreamTotals> {
    return this.#streams
  }

  of(name: string): StreamTotals {
    const known = this.#streams.get(name)
    if (known !== undefined) return known
    const others = this.#streams.get(otherStreams)
    const single = this.#streams.size - (others === undefined ? 0 : 1) < streamsMax
    if (others !== undefined && !single) return others
    const totals = new StreamTotals()
    this.#streams.set(single ? name : otherStreams, totals)
    return totals
  }

  /** Forgets streams that are gone, so that others can be counted. */
  keep(exists: (name: string) => boolean): void {
    for (const name of this.#streams.keys()) {
      if (name !== otherStreams && !exists(name)) this.#streams.delete(name)
    }
  }
}
