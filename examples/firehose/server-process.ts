import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Bucket } from './bucket.ts'

/** Longer than the server, and the deliveries with it, may take. Milliseconds. */
const endMsUsual = 60_000

/** What the process is started with. */
export interface ServerSetting {
  /** Folder of the store. */
  readonly dir: string
  /** 0 for any. */
  readonly port: number
  readonly buckets: Bucket['forServer']
}

/** What tests replace. */
export interface ServerManner {
  /** @defaultValue the server of the example */
  readonly program?: string
  /** What has not ended after so long is killed. Milliseconds. @defaultValue a minute */
  readonly endMs?: number
}

/** What it is told. */
export interface ServerOrder {
  /** `flush` delivers what is acknowledged; `end` closes everything and ends. */
  readonly kind: 'flush' | 'end'
}

/** What it tells. */
export type ServerReport =
  | { readonly kind: 'ready'; readonly endpoint: string }
  | { readonly kind: 'flushed' }
  | { readonly kind: 'failed'; readonly message: string }

/** A server in a process of its own, which can be killed and comes back under the same address. */
export class ServerProcess {
  readonly #setting: ServerSetting
  readonly #program: string
  readonly #endMs: number
  #child: ChildProcess
  #endpoint = ''

  private constructor(setting: ServerSetting, { program, endMs = endMsUsual }: ServerManner) {
    this.#setting = setting
    this.#program = program ?? fileURLToPath(new URL('server.js', import.meta.url))
    this.#endMs = endMs
    this.#child = spawned(this.#program, setting)
  }

  /** Resolves once it listens. */
  static async start(setting: ServerSetting, manner: ServerManner = {}): Promise<ServerProcess> {
    const started = new ServerProcess(setting, manner)
    await started.#ready()
    return started
  }

  get endpoint(): string {
    return this.#endpoint
  }

  /** Resolves once everything that was acknowledged before is delivered. Rejects if the process ends before. */
  async flush(): Promise<void> {
    const flushed = this.#report()
    this.#order({ kind: 'flush' })
    await flushed
  }

  /** Kills it as the kernel does, at this moment, and starts it again. Resolves once it listens. */
  async killAndRestart(): Promise<void> {
    this.kill()
    await this.#ended()
    this.#child = spawned(this.#program, {
      ...this.#setting,
      port: Number(new URL(this.#endpoint).port),
    })
    await this.#ready()
  }

  /** Ends it in good order, if it runs. Rejects once it has ended in another way. */
  async close(): Promise<void> {
    const child = this.#child
    if (child.killed || hasEnded(child)) return this.#ended()
    const late = setTimeout(() => this.kill(), this.#endMs)
    let failure: string | undefined
    child.once('message', (report: ServerReport) => {
      if (report.kind !== 'failed') return
      failure = report.message
      this.kill()
    })
    this.#order({ kind: 'end' })
    await this.#ended()
    clearTimeout(late)
    if (failure !== undefined) throw new Error(`the server says: ${failure}`)
    if (child.killed) throw endOf(child)
  }

  /** Ends it, whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #ready(): Promise<void> {
    const report = await this.#report()
    if (report.kind === 'ready') this.#endpoint = report.endpoint
  }

  /** The next thing that it says. */
  #report(): Promise<ServerReport> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      if (hasEnded(child)) return reject(endOf(child))
      const exited = (): void => {
        child.off('message', said)
        reject(endOf(child))
      }
      const said = (report: ServerReport): void => {
        child.off('exit', exited)
        if (report.kind === 'failed') reject(new Error(`the server says: ${report.message}`))
        else resolve(report)
      }
      child.once('message', said)
      child.once('exit', exited)
    })
  }

  /** One that has ended hears nothing: whoever waits for its answer is told of the end. */
  #order(order: ServerOrder): void {
    this.#child.send(order, () => {})
  }

  #ended(): Promise<void> {
    const child = this.#child
    return new Promise((resolve) => {
      if (hasEnded(child)) resolve()
      else child.once('exit', () => resolve())
    })
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function endOf({ exitCode, signalCode }: ChildProcess): Error {
  return new Error(`the server has ended (${signalCode ?? exitCode})`)
}

function spawned(program: string, setting: ServerSetting): ChildProcess {
  return fork(program, [JSON.stringify(setting)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}
