import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Told } from './contestant-process.ts'
import type { ContestantName } from './contestants.ts'
import type { Measured, Question } from './question.ts'
import type { Course } from './results.ts'

/** One contestant with its process and its folder. */
export class Lane implements Course {
  readonly name: ContestantName
  readonly rounds: Measured[] = []
  /** Why there are no figures: what is asked for does not exist in this version. */
  notBuilt: string | undefined
  readonly #folder: string
  readonly #child: ChildProcess

  constructor(question: Question, name: ContestantName, parent: string, scale: number) {
    this.name = name
    this.#folder = join(parent, name.replaceAll(' ', '-'))
    mkdirSync(this.#folder)
    const program = join(import.meta.dirname, 'contestant-process.js')
    this.#child = fork(program, [question.id, name, this.#folder, String(scale)], {
      execArgv: ['--expose-gc'],
    })
  }

  async prepare(): Promise<void> {
    await this.#tell('prepare')
  }

  /** @param counted a first round warms caches and the compiler up and is not counted */
  async round(counted: boolean): Promise<void> {
    const measured = await this.#tell('round')
    if (counted && measured !== undefined) this.rounds.push(measured)
  }

  /** Ends the process, in order if it is in order, and removes its files. */
  async end(): Promise<void> {
    const exited =
      this.#child.exitCode === null && this.#child.signalCode === null ? once(this.#child, 'exit') : undefined
    try {
      if (this.#child.connected && this.notBuilt === undefined) await this.#tell('end')
    } finally {
      this.#child.kill()
      await exited
      rmSync(this.#folder, { recursive: true, force: true })
    }
  }

  async #tell(told: Told): Promise<Measured | undefined> {
    if (this.notBuilt !== undefined) return undefined
    const waits = new AbortController()
    const { signal } = waits
    this.#child.send(told)
    const [answer] = (await Promise.race([
      once(this.#child, 'message', { signal }),
      once(this.#child, 'exit', { signal }),
    ]).finally(() => waits.abort())) as [Answer | number | null]
    if (typeof answer !== 'object' || answer === null)
      throw new Error(`${this.name} ended by itself during ${told}`)
    if (answer.kind === 'failed') throw new Error(`${this.name}, ${told}: ${answer.why}`)
    if (answer.kind === 'not built') this.notBuilt = answer.why
    return answer.kind === 'done' ? answer.measured : undefined
  }
}
