import { coldPages, type NativeLogReading } from '../native/addon.ts'
import { awaitNative } from '../native/failure.ts'

/** Loads of this thread at once. More would keep libuv's threads, four by default, from everybody else. */
const loadsMax = 2

let running = 0
const waiting: (() => void)[] = []

/**
 * Makes a read whose pages are not in memory: they are loaded on a helper thread, stretch by stretch, until `read`
 * answers something else than `coldPages`. Reads take turns if there are many.
 *
 * @throws what `read` throws, such as `ERR_MILLRACE_CLOSED` if the log was closed meanwhile
 */
export async function readCold(native: NativeLogReading, read: () => number): Promise<number> {
  if (running === loadsMax) await new Promise<void>((resolve) => waiting.push(resolve))
  else running += 1
  try {
    for (;;) {
      const answer = read()
      if (answer !== coldPages) return answer
      await awaitNative(native.load())
    }
  } finally {
    // Whoever waits takes the place over.
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
}
