import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'

// Most tests run several commands, each a process; a busy machine needs a while for that.
vi.setConfig({ testTimeout: 60_000 })

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the built command. */
export function start(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args])
}

/** Collects what a command says until it has ended. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** Runs the built command to its end, with nothing on standard input. */
export async function millrace(...args: string[]): Promise<Ended> {
  return fed('', ...args)
}

/** Runs the built command to its end, with `input` on standard input. */
export async function fed(input: string | Uint8Array, ...args: string[]): Promise<Ended> {
  const child = start(...args)
  // A command that ends early does not read what is left.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return ended(child)
}

/** A folder that is gone when the test is over. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A store with one stream, `clicks`. */
export async function storeWithStream(shards = 1): Promise<string> {
  const dir = join(await scratchFolder(), 'data')
  const { code, stderr } = await millrace(
    'streams',
    'create',
    'clicks',
    '--shards',
    String(shards),
    '--dir',
    dir,
  )
  if (code !== 0) throw new Error(stderr)
  return dir
}

/** The data of every record that a command without a shard limit prints. */
export async function storedLines(dir: string): Promise<string[]> {
  const { stdout } = await millrace('tail', 'clicks', '--dir', dir, '--format', 'data')
  return stdout.split('\n').slice(0, -1)
}

/** A process that has the store open for writing and has stored the record `held` in it, until it is ended. */
export async function holderOf(dir: string): Promise<{ end(): Promise<Ended> }> {
  const follower = start('tail', 'clicks', '--follow', '--format', 'data', '--dir', dir)
  const holder = start('put', 'clicks', '--dir', dir)
  const ends = Promise.all([ended(holder), ended(follower)])
  holder.stdin.write('held\n')
  await new Promise<void>((resolve) => {
    let shown = ''
    follower.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString()
      if (shown.endsWith('held\n')) resolve()
    })
  })
  follower.kill('SIGINT')
  return {
    async end() {
      holder.stdin.end()
      return (await ends)[0]
    },
  }
}
