/**
 * Why a request to a helper thread came to nothing: it took longer than it may (`late`), it or its thread needed more
 * memory than there may be (`memory`), the work threw (`failed`), the thread ended or never began (`died`), or it was
 * closed.
 */
export type ThreadFailureReason = 'late' | 'memory' | 'failed' | 'died' | 'closed'

/** A request to a helper thread that came to nothing. It never leaves `src/firehose`. */
export class ThreadFailure extends Error {
  override readonly name = 'ThreadFailure'
  readonly reason: ThreadFailureReason
  /** What the work said last about how far it is; 0 if it said nothing. */
  readonly progress: number

  constructor(reason: ThreadFailureReason, message: string, progress = 0, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
    this.progress = progress
  }
}
