import { invalidArgument } from '../errors.ts'
import type { LogEngine } from '../log/log.ts'
import type { StreamKey } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import { streamId } from '../meta/state.ts'
import { requireInteger, requireMatch } from '../options.ts'
import { requireTakes } from './create-options.ts'
import { createFor } from './creation.ts'
import { retentionHoursMax } from './retention.ts'
import { requireAccount } from './store-options.ts'
import { streamExists } from './store-refusals.ts'
import type { StoreTime } from './store-time.ts'
import type { Stream } from './stream.ts'

/** A stream for a layer above. */
export interface InternalStreamPlan {
  /** 1 to 10,000. */
  readonly shards: number
  /** Hours, 1 to 8760. */
  readonly retentionHours: number
  /** Key and data of one record together, bytes. */
  readonly maxRecordBytes: number
}

/** What internal streams need from their store. */
export interface InternalStreamHost {
  readonly engine: LogEngine
  readonly meta: MetaStore
  readonly time: StoreTime
  /** @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_READ_ONLY` */
  requireWritable(): void
  /** @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND` */
  stream(key: StreamKey): Stream
  remove(key: StreamKey): Promise<void>
}

/** No name that a user may give has a colon. */
export function isInternal({ name }: Pick<StreamKey, 'name'>): boolean {
  return name.includes(':')
}

/**
 * Streams of the layers above, whose names have a colon, such as `firehose:clicks`. Users cannot reach them: they are in no
 * list, count against no limit, and no shard of theirs has limits. They have no statuses either: what is created is there,
 * and what is deleted is gone.
 */
export class InternalStreams {
  readonly #host: InternalStreamHost

  constructor(host: InternalStreamHost) {
    this.#host = host
  }

  /**
   * Creates one; resolves once it would survive a crash.
   *
   * Rejects with `ERR_MILLRACE_STREAM_EXISTS`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNSUPPORTED`,
   * `ERR_MILLRACE_NO_SPACE`, `ERR_MILLRACE_READ_ONLY`, `ERR_MILLRACE_CLOSED`.
   */
  async create(key: StreamKey, plan: InternalStreamPlan): Promise<Stream> {
    const { engine, meta, time } = this.#host
    this.#host.requireWritable()
    requireInternal(key)
    requireInteger('retentionHours', plan.retentionHours, 1, retentionHoursMax)
    requireTakes(engine.caps, plan.maxRecordBytes)
    if (meta.state.streams.has(streamId(key))) throw streamExists(key)
    await createFor({ engine, meta }, key, { ...plan, settings: {} }, time.nowMs(), 0)
    return this.stream(key)
  }

  /** One that exists. @throws `ERR_MILLRACE_STREAM_NOT_FOUND`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_CLOSED` */
  stream(key: StreamKey): Stream {
    return this.#host.stream(requireInternal(key))
  }

  /** Whether there is such a one now. */
  has(key: StreamKey): boolean {
    return this.#host.meta.state.streams.has(streamId(requireInternal(key)))
  }

  /**
   * Deletes one with all it holds, at once.
   *
   * Rejects with `ERR_MILLRACE_STREAM_NOT_FOUND`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_READ_ONLY`,
   * `ERR_MILLRACE_CLOSED`.
   */
  async delete(key: StreamKey): Promise<void> {
    this.#host.requireWritable()
    await this.#host.remove(requireInternal(key))
  }
}

/** An account's stream by a name with a colon in it. */
function requireInternal({ account, region, name }: StreamKey): StreamKey {
  requireAccount({ account, region })
  const rule =
    '3 to 128 characters out of a-z, A-Z, 0-9, underscore, full stop and hyphen, with one colon between them'
  requireMatch('name', name, /^[a-zA-Z0-9_.-]+:[a-zA-Z0-9_.-]+$/, rule)
  if (name.length > 128) throw invalidArgument('name', name, rule)
  return { account, region, name }
}
