import { onAbort } from './abort-fan-out.ts'

/**
 * Calls `act` with the signal's reason when it is aborted, at once if it was already; answers a function that
 * takes it back.
 */
export function whenAborted(signal: AbortSignal | undefined, act: (reason: unknown) => void): () => void {
  if (signal === undefined) return ignore
  if (!signal.aborted) {
    const release = onAbort(signal, () => {
      release()
      act(reasonOf(signal))
    })
    return release
  }
  act(reasonOf(signal))
  return ignore
}

/** What a Node stream can be destroyed with: a reason may be anything, and without an error it would just end. */
export function asError(reason: unknown): Error {
  return reason instanceof Error
    ? reason
    : new DOMException('The operation was aborted', { name: 'AbortError', cause: reason })
}

function reasonOf(signal: AbortSignal): unknown {
  try {
    signal.throwIfAborted()
  } catch (reason) {
    return reason
  }
  return undefined
}

function ignore(): void {}
