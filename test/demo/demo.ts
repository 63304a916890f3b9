import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../build/examples/flights/main.js', import.meta.url))

/** Whether everything is tried, and not only that it runs: `npm run test:demo`. */
export const whole: boolean = process.env['MILLRACE_DEMO'] === 'all'

/** How a run ended, and what it said. */
export interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the built demo. */
export function start(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args])
}

/** Collects what a run says until it has ended. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Run> {
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...said }))
  })
}

/** Runs the built demo to its end. */
export function demo(...args: string[]): Promise<Run> {
  return ended(start(...args))
}

/** A folder for a store, gone when the test is over. */
export async function storeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'data')
}

/** Verdicts of a run, in the order of its consumers. */
export function verdicts(run: Run): string[] {
  return [...run.stdout.matchAll(/ {2}(holds|DOES NOT HOLD)/g)].map((match) => match[1] ?? '')
}

/** The number in the first match, whose thousands are grouped. */
export function figure(text: string, pattern: RegExp): number {
  const match = pattern.exec(text)
  if (match?.[1] === undefined) throw new Error(`no ${pattern} in:\n${text}`)
  return Number(match[1].replaceAll(',', ''))
}
