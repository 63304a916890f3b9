import type { Clock } from '../clock.ts'
import type { StreamKey } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import type { ClosingHook, ClosingHooks } from './closing-hooks.ts'
import { bytesCodec } from './codec.ts'
import { Documents } from './documents.ts'
import { InternalStreams, isInternal } from './internal-streams.ts'
import type { Limits } from './limits.ts'
import type { Resharder } from './resharder.ts'
import type { ChosenTransitions } from './status.ts'
import type { StoreTime } from './store-time.ts'
import { Stream } from './stream.ts'
import type { StreamOwner } from './stream-changes.ts'
import type { StreamCore } from './stream-core.ts'
import { streamNotFound } from './store-refusals.ts'
import type { ChosenStoreOptions } from './store-options.ts'
import type { LogEngine } from '../log/log.ts'
import type { WarningListener } from './warning.ts'
import type { GateHook } from './write-gate.ts'

/** The duty to do what is to be done once for all threads. Who ends without giving it back has it no more. */
export interface Duty {
  /** Whether it is the caller's, now and until it is given back. */
  take(): boolean
  give(): void
}

/** What the layers above (the AWS layer, test support) find behind `insideOf`. */
export interface StoreInside {
  readonly account: string
  readonly region: string
  /** Sets timers. */
  readonly clock: Clock
  /** Tells the time of arrivals and horizons. */
  readonly time: StoreTime
  readonly transitions: ChosenTransitions
  /** Tells the program what it may want to know. */
  readonly warn: WarningListener
  readonly meta: MetaStore
  /** The store's own, where it has one: for files of layers above, each in a folder of its own. */
  readonly folder: string | undefined
  /** Nothing can be written. */
  readonly readOnly: boolean
  /** `undefined` where they are off. */
  readonly limits: Limits | undefined
  /** Splits and merges shards. */
  readonly resharder: Resharder
  /** What is to be done once for all threads that have the store open is up to whoever has this. */
  readonly duty: Duty
  /** For test support. */
  readonly gates: GateHook
  /** What layers above keep in the metadata. */
  readonly documents: Documents
  /** Streams that users cannot reach. */
  readonly internalStreams: InternalStreams
  /**
   * A stream that users can reach.
   *
   * @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND`
   */
  core(key: StreamKey): StreamCore
  /**
   * Calls `hook` when the store is to be closed, which goes on once all hooks have settled; until then it can be used.
   * Answers a function that takes it back.
   */
  onClose(hook: ClosingHook): () => void
}

/** What a store is made of. */
export interface StoreParts extends Pick<
  StoreInside,
  'folder' | 'meta' | 'time' | 'limits' | 'resharder' | 'gates' | 'core'
> {
  readonly options: ChosenStoreOptions
  readonly engine: LogEngine
  readonly hooks: ClosingHooks
  owner(): StreamOwner
  requireOpen(): void
  requireWritable(): void
  remove(key: StreamKey): Promise<void>
}

/** The inside of a store. */
export function insideFor(parts: StoreParts): StoreInside {
  const { options, folder, engine, meta, time, limits, resharder, gates, hooks } = parts
  const { account, region, clock, onWarning: warn, transitions } = options
  const requireWritable = (): void => {
    parts.requireOpen()
    parts.requireWritable()
  }
  const core = (key: StreamKey): StreamCore => {
    parts.requireOpen()
    return parts.core(key)
  }
  const stream = (key: StreamKey): Stream => new Stream(core(key), bytesCodec, parts.owner())
  const remove = (key: StreamKey): Promise<void> => parts.remove(key)
  return {
    account,
    region,
    clock,
    time,
    transitions,
    warn,
    meta,
    folder,
    readOnly: engine.caps.readOnly === true,
    limits,
    resharder,
    duty: { take: () => engine.takeDuty?.() ?? true, give: () => engine.giveDuty?.() },
    gates,
    documents: new Documents({ meta, requireWritable }),
    internalStreams: new InternalStreams({ engine, meta, time, requireWritable, stream, remove }),
    core: (key) => {
      if (isInternal(key)) throw streamNotFound(key)
      return core(key)
    },
    onClose: (hook) => hooks.add(hook),
  }
}
