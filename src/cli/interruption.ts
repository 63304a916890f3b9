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
  /** Leaves signals to Node again. */
  end(): void
}

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that what is in flight is finished and reported. The second
 * one finds Node's own behaviour and ends the process at once.
 */
export function watchInterruption(): InterruptionWatch {
  const controller = new AbortController()
  const interrupt = (): void => abort(new Interruption('SIGINT', ExitCode.interrupted))
  const terminate = (): void => abort(new Interruption('SIGTERM', ExitCode.terminated))
  const end = (): void => {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', terminate)
  }
  const abort = (reason: Interruption): void => {
    end()
    controller.abort(reason)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', terminate)
  return { signal: controller.signal, end }
}
