import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ServerLoad } from '../../../src/server/index.ts'

const program = fileURLToPath(new URL('served.mjs', import.meta.url))

interface Begun {
  readonly port: number
  readonly streamArn: string
  readonly consumerArn: string
  readonly sequenceNumber: string
}

/** A server in a process of its own. */
export class Served {
  readonly begun: Begun
  readonly #child: ChildProcess
  readonly #waiting: Map<number, (answer: unknown) => void> = new Map()
  readonly #said: string[] = []
  #asked = 0
  #gone = false

  private constructor(child: ChildProcess, begun: Begun) {
    this.#child = child
    this.begun = begun
    child.stderr?.on('data', (part: Buffer) => this.#said.push(part.toString()))
    child.on('message', ({ id, answer }: { readonly id: number; readonly answer: unknown }) => {
      this.#waiting.get(id)?.(answer)
      this.#waiting.delete(id)
    })
    child.once('exit', () => {
      this.#gone = true
      for (const resolve of this.#waiting.values()) resolve(undefined)
    })
  }

  static async start(): Promise<Served> {
    const child = fork(program, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    const [begun] = (await once(child, 'message')) as [Begun]
    return new Served(child, begun)
  }

  /** What it said when it died; `undefined` while it lives. */
  get lastWords(): string | undefined {
    return this.#gone ? `it ended: ${this.#said.join('')}` : undefined
  }

  async load(): Promise<ServerLoad & { readonly memoryMiB: number }> {
    return (await this.#ask('load')) as ServerLoad & { readonly memoryMiB: number }
  }

  /** Deletes what requests made. */
  async clear(): Promise<void> {
    await this.#ask('clear')
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }

  async #ask(ask: string): Promise<unknown> {
    const id = this.#asked++
    const answer = await new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      if (this.#gone) resolve(undefined)
      else this.#child.send({ id, ask })
    })
    if (this.#gone) throw new Error(this.lastWords)
    return answer
  }
}
