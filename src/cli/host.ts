import type { Writable } from 'node:stream'
import { Interruption } from './interruption.ts'
import type { Output } from './output.ts'

/** What a command runs in. */
export interface Host {
  readonly stdin: NodeJS.ReadStream
  readonly output: Output
  /** Progress and errors. */
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** Aborted by Ctrl-C, by SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal
  /**
   * For commands that have nothing to finish: Ctrl-C ends the process at once, whatever runs on other
   * threads.
   */
  readonly leaveSignals: () => void
  /** Errors are JSON although `--json` is not on the command line. */
  jsonErrors: boolean
  /** What the process ends with; a command that throws overrides it. */
  exitCode: number
}

/** Takes the exit code of the signal that ended the work early, if one did. */
export function noteInterruption(host: Host): void {
  const reason: unknown = host.signal.reason
  if (reason instanceof Interruption) host.exitCode = reason.exitCode
}
