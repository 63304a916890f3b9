#!/usr/bin/env node
import { ExitCode, failureLine, failureOf } from './failure.ts'
import type { Host } from './host.ts'
import { watchInterruption } from './interruption.ts'
import { Output } from './output.ts'
import { createProgram } from './program.ts'

void main(process.argv.slice(2))

/**
 * Runs one command. Sets the exit code and lets the process end by itself, so that pipes are drained. After
 * a signal it ends it: a process that ends by itself has no handlers in its last milliseconds, and a signal
 * that npm passes on, too, would kill it.
 */
async function main(args: readonly string[]): Promise<void> {
  // A process that ends because nothing is left to wait for has not done what it was asked to. Said at its
  // end only: what commander prints as help ends with the exit code that it finds.
  let ended = false
  process.once('exit', (code) => {
    if (!ended && code === 0) process.exitCode = ExitCode.failed
  })
  // Whoever reads our messages may be gone; there is nobody left to tell.
  process.stderr.on('error', () => undefined)
  const watch = watchInterruption()
  const output = new Output(process.stdout)
  const host: Host = {
    stdin: process.stdin,
    output,
    stderr: process.stderr,
    signal: AbortSignal.any([watch.signal, output.closed]),
    leaveSignals: watch.end,
    jsonErrors: false,
    exitCode: 0,
  }
  try {
    const program = await createProgram(host, args)
    await program.parseAsync(args, { from: 'user' })
    await output.flush()
    process.exitCode = host.exitCode
  } catch (error) {
    const failure = failureOf(error)
    process.exitCode = failure.exitCode
    if (failure.exitCode !== 0) {
      process.stderr.write(failureLine(failure, args.includes('--json') || host.jsonErrors))
    }
  } finally {
    ended = true
    watch.end()
    if (watch.signal.aborted) process.exit()
  }
}
