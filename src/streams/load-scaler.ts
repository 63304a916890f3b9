import { createHash } from 'node:crypto'
import type { MillraceError } from '../errors.ts'
import { Column, noHashKey } from '../log/log.ts'
import { KiB, minuteMs } from '../units.ts'
import { readHashKey } from './hash-key.ts'
import { hotBytesPerSecond, onDemandShardsMax, ShardLoad, splitPoint } from './on-demand.ts'
import type { Resharder } from './resharder.ts'
import type { Shard } from './shard.ts'
import type { Staging } from './staging.ts'
import type { StreamCore } from './stream-core.ts'
import { distributionOf } from './stream-mode.ts'
import type { WarningListener } from './warning.ts'
import type { WriteGate } from './write-gate.ts'

/** About so many bytes are put between two samples of hash keys. */
const sampleBytes: number = 512 * KiB
/** Samples that are kept of a shard: at the rate that makes it hot, those of about five minutes. */
const samplesMax = 256

/** Its multiples, modulo 1, fill the unit evenly and in no pattern. */
const goldenRatio: number = (Math.sqrt(5) - 1) / 2

/** What the scaler needs of its store. */
export interface ScalerHost {
  /** Splits a shard; resolves once both halves take records. */
  split(core: StreamCore, shardId: string, newStartingHashKey: string): Promise<void>
  /** A split failed. */
  failed(core: StreamCore, shard: Shard, error: unknown): void
}

/** One shard of the stream as it is measured. */
interface Measured {
  readonly load: ShardLoad
  /** Hash keys of what it was put lately, in no order. */
  readonly samples: bigint[]
  /** Where the next sample goes. */
  at: number
  /** Bytes until the next sample. */
  untilSample: number
}

/**
 * Splits the hot shards of a stream on demand: measures what each of them is put, by the store's clock, and looks once a
 * minute, when something is put. One split at a time, the hottest shard first; nothing runs in between. Shards are never
 * merged. What several workers put, each of them measures for itself.
 */
export class LoadScaler implements WriteGate {
  readonly #core: StreamCore
  readonly #host: ScalerHost
  readonly #measured: Map<Shard, Measured> = new Map()
  #minute = Number.NEGATIVE_INFINITY
  #splitting = false
  /** From 0 to below 1. */
  #phase = 0

  constructor(core: StreamCore, host: ScalerHost) {
    this.#core = core
    this.#host = host
  }

  admit(staging: Staging, shard: Shard, from: number, count: number): number {
    const admitted = this.#core.limits?.admit(staging, shard, from, count) ?? count
    const { order, columns, timeMs } = staging
    const measured = this.#of(shard, timeMs)
    let bytes = 0
    for (let index = from; index < from + admitted; index++) {
      const record = order[index] as number
      const row = record * Column.stride
      const recordBytes =
        (columns[row + Column.keyBytes] as number) + (columns[row + Column.dataBytes] as number)
      bytes += recordBytes
      measured.untilSample -= recordBytes
      while (measured.untilSample <= 0) this.#sample(measured, staging, row)
    }
    measured.load.add(bytes, timeMs)
    const minute = Math.floor(timeMs / minuteMs)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#look(timeMs)
    }
    return admitted
  }

  #of(shard: Shard, nowMs: number): Measured {
    const known = this.#measured.get(shard)
    if (known !== undefined) return known
    const measured = { load: new ShardLoad(nowMs), samples: [], at: 0, untilSample: this.#untilSample() }
    this.#measured.set(shard, measured)
    return measured
  }

  /** Between none and twice the distance, ever changing, so that no pattern of records hides from the samples. */
  #untilSample(): number {
    this.#phase = (this.#phase + goldenRatio) % 1
    return 1 + 2 * sampleBytes * this.#phase
  }

  #sample(measured: Measured, { bytes, columns }: Staging, row: number): void {
    const hashKeyAt = columns[row + Column.hashKeyAt] as number
    const keyAt = columns[row + Column.keyAt] as number
    const key = bytes.subarray(keyAt, keyAt + (columns[row + Column.keyBytes] as number))
    const hashKey =
      hashKeyAt === noHashKey
        ? BigInt(`0x${createHash('md5').update(key).digest('hex')}`)
        : BigInt(readHashKey(bytes, hashKeyAt))
    measured.samples[measured.at] = hashKey
    measured.at = (measured.at + 1) % samplesMax
    measured.untilSample += this.#untilSample()
  }

  /** Splits the hottest shard, if there is one and a split helps. */
  #look(nowMs: number): void {
    const core = this.#core
    for (const shard of this.#measured.keys()) if (shard.closed || shard.dropped) this.#measured.delete(shard)
    if (this.#splitting || core.map.open.length >= onDemandShardsMax(core.state.key.region)) return
    let hottest: { readonly shard: Shard; readonly at: bigint; readonly load: number } | undefined
    for (const [shard, { load, samples }] of this.#measured) {
      const bytesPerSecond = load.bytesPerSecond(nowMs) ?? 0
      if (bytesPerSecond <= hotBytesPerSecond || bytesPerSecond <= (hottest?.load ?? 0)) continue
      const at = this.#splitPoint(shard, samples)
      if (at !== undefined) hottest = { shard, at, load: bytesPerSecond }
    }
    if (hottest !== undefined) void this.#split(hottest.shard, hottest.at)
  }

  #splitPoint({ spec }: Shard, samples: readonly bigint[]): bigint | undefined {
    // Where keys do not decide, they do not say what a half would take either.
    const telling = distributionOf(this.#core.state) === 'AUTO' ? [] : samples
    return splitPoint(telling, BigInt(spec.startingHashKey), BigInt(spec.endingHashKey))
  }

  /** Never rejects. */
  async #split(shard: Shard, at: bigint): Promise<void> {
    this.#splitting = true
    try {
      await this.#host.split(this.#core, shard.id, at.toString())
      // Others that are hot do not wait for the next minute.
      this.#minute = Number.NEGATIVE_INFINITY
    } catch (error) {
      // Somebody else changes the stream, or did: it is looked at again.
      const { code } = error as Partial<MillraceError>
      const expected = code === 'ERR_MILLRACE_STREAM_NOT_ACTIVE' || code === 'ERR_MILLRACE_SHARD_SEALED'
      if (!expected && !this.#core.ended) this.#host.failed(this.#core, shard, error)
    }
    this.#splitting = false
  }
}

/** Splits by the store's resharder, and warns of what fails. */
export function scalerHost(resharder: Resharder, warn: WarningListener): ScalerHost {
  return {
    async split(core, shardId, newStartingHashKey) {
      const { finished } = await resharder.split(core, shardId, newStartingHashKey)
      await finished
    },
    failed(core, shard, error) {
      warn({
        code: 'scaling-failed',
        message: `${shard.id} of ${core.streamName} could not be split, which its load asks for: ${String(error)}`,
        details: { stream: core.streamName, shardId: shard.id, error },
      })
    },
  }
}
