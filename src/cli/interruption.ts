import { ExitCode } from './failure.ts'

/** Why a command was told to stop: the reason of its signal. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
  readonly exitCode: number

  constructor(signal: NodeJS.Signals, exitCode: number) {
    super(`ended by ${signal}`)
    this.exitCode = exitCode
  }
}

/** The process's wish to end, as one signal for everything that runs. */
export interface InterruptionWatch {
  readonly signal: AbortSignal
  /** From now on a signal ends the process at once, but for the one that it just got. */
  end(): void
}

/** What ends a command, and its exit code then. */
const exitCodes = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.terminated } as const

type EndingSignal = keyof typeof exitCodes

const endingSignals = Object.keys(exitCodes) as readonly EndingSignal[]

/**
 * So long the same signal again is the same wish, milliseconds: a terminal sends Ctrl-C to npm and to the
 * command that npm runs, and npm passes it on, too.
 */
export const sameWishMs = 500

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that what is in flight is finished and reported. The
 * second one ends the process at once; the same one again within half a second is no second one.
 */
export function watchInterruption(): InterruptionWatch {
  const controller = new AbortController()
  let first: { readonly name: EndingSignal; readonly atMs: number } | undefined
  let left = false
  const leave = (): void => {
    if (left) return
    left = true
    for (const name of endingSignals) {
      process.off(name, handle)
      // Elsewhere Node's own behaviour ends the process, even if its event loop is busy. The first process
      // of a container has none: the system lets no signal end it that it does not take.
      if (process.pid === 1) process.on(name, () => process.exit(exitCodes[name]))
    }
  }
  const handle = (name: EndingSignal): void => {
    if (first === undefined) {
      first = { name, atMs: performance.now() }
      setTimeout(leave, sameWishMs).unref()
      controller.abort(new Interruption(name, exitCodes[name]))
    } else if (name !== first.name || performance.now() - first.atMs >= sameWishMs) {
      leave()
      process.kill(process.pid, name)
    }
  }
  for (const name of endingSignals) process.on(name, handle)
  return {
    signal: controller.signal,
    end() {
      // The signal that ended the command may still come again.
      if (first === undefined) leave()
    },
  }
}
