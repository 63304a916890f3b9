import type { SetSettings, StreamCommand } from '../meta/commands.ts'
import type { StreamSettings } from '../meta/settings.ts'
import type { StreamState } from '../meta/state.ts'
import type { Addition } from './account-limits.ts'
import type { Resharder } from './resharder.ts'
import type { ChosenTransitions } from './status.ts'
import type { StreamCore } from './stream-core.ts'

/** The command that takes a stream where somebody wants it, or none if it is there; throws what forbids it. Pure. */
export type Decision = (state: StreamState, nowMs: number) => StreamCommand | undefined

/** What a stream needs from its store to change itself. */
export interface StreamOwner {
  readonly resharder: Resharder
  readonly transitions: ChosenTransitions
  /** Milliseconds since 1970. */
  nowMs(): number
  /**
   * What the stream is now, whoever changed it.
   *
   * @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND`
   */
  present(core: StreamCore): StreamState
  /** The account of the stream has made the commitment to a minimum throughput. */
  isCommitted(core: StreamCore): boolean
  /** Makes a call that adds to what the account of the stream has: `requireRoom` and the change within it. */
  adding<T>(core: StreamCore, call: () => Promise<T>): Promise<T>
  /**
   * Whether the account of the stream may have so much more, by the limits that were set.
   *
   * @throws `ERR_MILLRACE_LIMIT_EXCEEDED`
   */
  requireRoom(core: StreamCore, added: Addition): void
  /**
   * Decides, and proposes that, until it builds on the stream's present state.
   *
   * Rejects with what `decide` throws, `ERR_MILLRACE_READ_ONLY`, and what the metadata refuse.
   */
  change(core: StreamCore, decide: Decision): Promise<void>
  /** Sets how long the stream keeps its records. */
  setRetention(core: StreamCore, retentionHours: unknown): Promise<void>
  /** @throws `ERR_MILLRACE_UNSUPPORTED` if the engine does not take records of so many bytes */
  requireTakes(maxRecordBytes: number): void
}

/** Settings to change; those that become undefined are as usual again. */
export type SettingChanges = { readonly [Name in keyof StreamSettings]?: StreamSettings[Name] | undefined }

/** The command that changes some settings of a stream and keeps the others. */
export function settingsChanged(
  { key, revision, settings }: StreamState,
  changes: SettingChanges,
  maxRecordBytes?: number,
): SetSettings {
  const limit = maxRecordBytes === undefined ? {} : { maxRecordBytes }
  const chosen = withoutAbsent({ ...settings, ...changes }) as StreamSettings
  return { kind: 'setSettings', key, revision, settings: chosen, ...limit }
}

/** The same without fields that are undefined: they would be stored. */
export function withoutAbsent<T extends object>(fields: T): { readonly [Name in keyof T]: T[Name] } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
