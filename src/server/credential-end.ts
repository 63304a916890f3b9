import type { Clock } from '../clock.ts'
import type { HttpAnswer } from './http-exchange.ts'
import { hourMs } from '../units.ts'

/** Timers do not go on for weeks, and the system's clock may be set: it is looked at this often. Milliseconds. */
const lookMs = hourMs

/**
 * Answers with a signal that also aborts when a credential ends, so that a stream that it may see ends with it.
 *
 * @param expiresAtMs milliseconds since 1970; `Infinity`: never
 */
export async function untilExpiry(
  expiresAtMs: number,
  signal: AbortSignal,
  clock: Clock,
  answer: (signal: AbortSignal) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  if (expiresAtMs === Infinity) return answer(signal)
  const ending = new AbortController()
  let cancel: (() => void) | undefined
  const wait = (): void => {
    const leftMs = expiresAtMs - clock.nowMs()
    if (leftMs <= 0) end()
    else cancel = clock.after(Math.min(leftMs, lookMs), wait)
  }
  const forget = (): void => {
    cancel?.()
    signal.removeEventListener('abort', end)
  }
  const end = (): void => {
    forget()
    ending.abort(signal.reason)
  }
  if (signal.aborted) end()
  else {
    signal.addEventListener('abort', end)
    wait()
  }
  const { body, ...head } = await answer(ending.signal)
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    return { ...head, body: thenForget(body, forget) }
  forget()
  return { ...head, body }
}

async function* thenForget(parts: AsyncIterable<Uint8Array>, forget: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* parts
  } finally {
    forget()
  }
}
