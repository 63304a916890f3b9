import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Bucket } from './bucket.ts'

const program = fileURLToPath(new URL('server.js', import.meta.url))

/** What the process is started with. */
export interface ServerSetting {
  /** Folder of the store. */
  readonly dir: string
  /** 0 for any. */
  readonly port: number
  readonly buckets: Bucket['forServer']
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
  #child: ChildProcess
  #endpoint = ''

  private constructor(setting: ServerSetting) {
    this.#setting = setting
    this.#child = spawned(setting)
  }

  /** Resolves once it listens. */
  static async start(setting: ServerSetting): Promise<ServerProcess> {
    const started = new ServerProcess(setting)
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
    const ended = this.#ended()
    this.#child.kill('SIGKILL')
    await ended
    this.#child = spawned({ ...this.#setting, port: Number(new URL(this.#endpoint).port) })
    await this.#ready()
  }

  /** Ends it in good order, if it runs. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = this.#ended()
    this.#order({ kind: 'end' })
    await ended
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
      const exited = (code: number | null, signal: string | null): void => {
        child.off('message', said)
        reject(new Error(`the server has ended (${signal ?? code})`))
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

  #order(order: ServerOrder): void {
    this.#child.send(order)
  }

  #ended(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
    })
  }
}

function spawned(setting: ServerSetting): ChildProcess {
  return fork(program, [JSON.stringify(setting)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}
