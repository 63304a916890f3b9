import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

type Message = 'ready' | { readonly failed?: string } | Readonly<Record<string, unknown>>

/** A process that runs one of the programs beside this file. */
export class Child {
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(process: ChildProcess) {
    this.#process = process
    this.#ended = once(process, 'exit')
  }

  /** Starts one and waits until it is ready. It is killed when the test is over. */
  static async start(program: string, folder: string, ...options: readonly string[]): Promise<Child> {
    const file = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url))
    const child = new Child(
      fork(file, [folder, ...options], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    )
    onTestFinished(() => child.kill())
    await child.#answer()
    return child
  }

  /** Tells it something and awaits the answer. */
  async ask(task: Readonly<Record<string, unknown>>): Promise<Message> {
    this.tell(task)
    return this.#answer()
  }

  /** Calls `listener` with each further message. */
  onMessage(listener: (message: Message) => void): void {
    this.#process.on('message', listener)
  }

  tell(task: Readonly<Record<string, unknown>>): void {
    this.#process.send(task)
  }

  /** Ends it as `kill -9` does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  async #answer(): Promise<Message> {
    const [message] = (await once(this.#process, 'message')) as [Message]
    if (typeof message === 'object' && typeof message['failed'] === 'string')
      throw new Error(message['failed'])
    return message
  }
}
