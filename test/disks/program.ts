import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** An error as a program reports it. */
export interface Failure {
  readonly code: string
  readonly errno?: string
  readonly message: string
}

/** How a process ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that runs one of the programs in `programs/`: it may die of a signal, and that is then seen. */
export class Program {
  readonly #process: ChildProcess
  readonly #ended: Promise<End>
  readonly #answers: unknown[] = []
  #wake: (() => void) | undefined

  private constructor(process: ChildProcess) {
    this.#process = process
    process.on('message', (message) => {
      this.#answers.push(message)
      this.#wake?.()
    })
    this.#ended = once(process, 'exit').then(([code, signal]) => {
      this.#wake?.()
      return { code, signal } as End
    })
  }

  /** Starts one, and waits until it is ready. Killed when the test is over. */
  static async start(name: string, ...args: readonly string[]): Promise<Program> {
    const file = fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url))
    const program = new Program(fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
    onTestFinished(() => program.kill())
    await program.answer()
    return program
  }

  /** Tells it something and awaits the answer. */
  async ask<Answer>(task: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.tell(task)
    return this.answer<Answer>()
  }

  tell(task: Readonly<Record<string, unknown>>): void {
    this.#process.send(task)
  }

  /** The next thing that it says. Rejects if it ends instead. */
  async answer<Answer>(): Promise<Answer> {
    while (this.#answers.length === 0) {
      const { exitCode, signalCode } = this.#process
      if (exitCode !== null || signalCode !== null) {
        throw new Error(`the program ended with ${signalCode ?? exitCode}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#answers.shift() as Answer
  }

  /** How it ends when it has nothing more to do. */
  async end(): Promise<End> {
    if (this.#process.connected) this.#process.disconnect()
    return this.#ended
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}
