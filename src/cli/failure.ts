import { CommanderError } from 'commander'
import { MillraceError } from '../errors.ts'

/** What the command's exit code says. */
export const ExitCode = {
  /** Done. */
  ok: 0,
  /** The operation failed, `verify` found damage, or `repair` left some. */
  failed: 1,
  /** The command line is wrong: nothing was tried. */
  usage: 2,
  /** Ended by Ctrl-C; what was reported is stored. */
  interrupted: 130,
  /** Ended by SIGTERM; what was reported is stored. */
  terminated: 143,
} as const

/** A failure as it is shown: never a stack trace. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  readonly exitCode: number
}

/** What a thrown value means to the person at the terminal. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) return usageFailure(error)
  if (error instanceof MillraceError) {
    const usage =
      error.code === 'ERR_MILLRACE_INVALID_ARGUMENT' || error.code === 'ERR_MILLRACE_UNKNOWN_OPTION'
    const exitCode = usage ? ExitCode.usage : ExitCode.failed
    return { code: error.code, message: error.message, details: error.details, exitCode }
  }
  if (error instanceof Error) {
    const { code, path, line } = error as NodeJS.ErrnoException & { readonly line?: number }
    const details = { ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }) }
    // System errors begin with their code; it would be there twice.
    const message = code === undefined ? error.message : error.message.replace(`${code}: `, '')
    return { code: code ?? error.name, message, details, exitCode: ExitCode.failed }
  }
  return { code: 'Error', message: String(error), details: {}, exitCode: ExitCode.failed }
}

/** Commander throws after it printed help or the version, too. */
const helpShown: Failure = { code: '', message: '', details: {}, exitCode: ExitCode.ok }

/** Commander's complaints in our words and codes. */
function usageFailure(error: CommanderError): Failure {
  if (error.exitCode === 0) return helpShown
  // `help` of a command that does not exist prints the program's help as an error.
  const said =
    error.code === 'commander.help' ? "unknown command; 'millrace' lists the commands" : error.message
  const message = said.replace(/^error: /, '').replaceAll('\n', ' ')
  const code =
    error.code === 'commander.unknownOption' ? 'ERR_MILLRACE_UNKNOWN_OPTION' : 'ERR_MILLRACE_INVALID_ARGUMENT'
  return { code, message, details: {}, exitCode: ExitCode.usage }
}

/** A command line that is understood but makes no sense. */
export function usageError(message: string, cause?: unknown): MillraceError {
  return new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', message, cause === undefined ? {} : { cause })
}

/** One line for a terminal, one line of JSON for a program. */
export function failureLine(failure: Failure, json: boolean): string {
  if (!json) return `millrace: ${failure.code}: ${failure.message}\n`
  const { code, message, details } = failure
  return `${JSON.stringify({ error: { code, message, details } }, jsonSafe)}\n`
}

/** Details may hold what JSON cannot: a rejected bigint or function is shown as text. */
function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol'
    ? String(value)
    : value
}
