/** Something that a program may want to know but that fails no call. */
export interface StoreWarning {
  /**
   * - `clock-jump`: the system's clock ran ahead of elapsed time; the store holds its own time back, so that
   *   nothing expires early.
   * - `lease-forgotten`: the garbage collector found a `BatchLease` that nobody had released.
   * - `sweep-failed`: the space of expired records could not be freed; it is tried again.
   * - `deletion-failed`: a stream that is DELETING could not be deleted when its time had come; it is tried again.
   * - `scaling-failed`: a hot shard of a stream on demand could not be split; it is tried again.
   * - `delivery-failed`: a delivery stream could not begin to deliver; it is tried again.
   * - `metadata-unreadable`: a reader cannot follow the metadata any more; which streams there are, it does not know.
   */
  readonly code:
    | 'clock-jump'
    | 'lease-forgotten'
    | 'sweep-failed'
    | 'deletion-failed'
    | 'scaling-failed'
    | 'delivery-failed'
    | 'metadata-unreadable'
  /** For people; may change. */
  readonly message: string
  /** Facts for programs. */
  readonly details: Readonly<Record<string, unknown>>
}

/** Takes warnings. */
export type WarningListener = (warning: StoreWarning) => void

/** The listener, for the store: when it throws, that surfaces as its owner's uncaught error and disturbs nothing. */
export function apart<Told>(listener: (told: Told) => void): (told: Told) => void {
  return (told) => {
    try {
      listener(told)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

/** Without a listener, warnings go where Node's own go: to standard error, once each. */
export function emitProcessWarning(warning: StoreWarning): void {
  process.emitWarning(warning.message, { type: 'MillraceWarning', code: warning.code })
}
