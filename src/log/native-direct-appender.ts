import { elsewhere, type NativeAddon, type NativeDirectAppender as NativeHandle } from '../native/addon.ts'
import { fromNative } from '../native/failure.ts'
import type { DirectAppender, ShardLog } from './log.ts'
import { NativeLog } from './native-log.ts'

/** Single records of one stream on their way into the addon: one call takes the MD5 and stores the record. */
export class NativeDirectAppender implements DirectAppender {
  readonly #native: NativeHandle
  readonly #logs: (NativeLog | undefined)[] = []
  /** Where the addon writes `offset` and `timeMs`. Shared, since such memory alone stays where it is. */
  readonly #answer: Float64Array = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT))

  /** @param starts where the ranges begin, packed */
  constructor(addon: NativeAddon, starts: Uint8Array) {
    this.#native = addon.createDirectAppender(starts, this.#answer)
  }

  get offset(): number {
    return this.#answer[0] as number
  }

  get timeMs(): number {
    return this.#answer[1] as number
  }

  serve(range: number, log: ShardLog): void {
    if (this.#logs[range] === log || !(log instanceof NativeLog)) return
    log.serveDirectly((native) => this.#native.serve(range, native))
    this.#logs[range] = log
  }

  append(
    partitionKey: unknown,
    data: Uint8Array,
    recordBytesMax: number,
    timeMs: number,
  ): number | undefined {
    let range: number
    try {
      range = this.#native.append(partitionKey, data, timeMs, recordBytesMax)
    } catch (error) {
      throw fromNative(error)
    }
    if (range < 0) return range === elsewhere ? undefined : range
    this.#logs[range]?.grown(this.offset)
    return range
  }
}
