import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { OpenOptions } from '../../src/index.ts'

const program = new URL('programs/tasks.mjs', import.meta.url)
/** Workers run what is built: Node has no loader for TypeScript in them. */
const dist = new URL('../../dist/index.js', import.meta.url).href

/** A worker with the store open, at its task. */
export interface Hand {
  readonly worker: Worker
  /** It has come as far as its task says: it has written something, or is about to wait. */
  readonly going: Promise<'going'>
  /** What came of the task. Rejects when the worker failed. */
  readonly outcome: Promise<unknown>
}

/** Workers on one folder. */
export class Crew {
  readonly folder: string
  readonly #options: OpenOptions
  readonly #timeMs: SharedArrayBuffer | undefined
  readonly #hands: Hand[] = []

  /** @param timeMs one number: what the clocks of the workers say, instead of the system's */
  constructor(
    options: OpenOptions = {},
    folder: string = mkdtempSync(join(tmpdir(), 'millrace-workers-')),
    timeMs?: SharedArrayBuffer,
  ) {
    this.#options = options
    this.#timeMs = timeMs
    this.folder = folder
  }

  /** Starts a worker; resolves once its store is open. */
  async hire(task: string, id = 0): Promise<Hand> {
    const workerData = { dist, folder: this.folder, task, id, options: this.#options, timeMs: this.#timeMs }
    const worker = new Worker(program, { workerData })
    const failed = new Promise<never>((_resolve, reject) => worker.on('error', reject))
    const told = <T>(pick: (message: unknown) => T | undefined): Promise<T> => {
      const heard = new Promise<T>((resolve) => {
        worker.on('message', (message: unknown) => {
          const picked = pick(message)
          if (picked !== undefined) resolve(picked)
        })
      })
      const answer = Promise.race([heard, failed])
      answer.catch(() => {}) // whoever asks is told
      return answer
    }
    const ready = told((message) => (message === 'ready' ? true : undefined))
    const going = told((message) => (message === 'going' ? ('going' as const) : undefined))
    const outcome = told((message) => (message as { readonly outcome?: unknown }).outcome)
    const hand: Hand = { worker, going, outcome }
    this.#hands.push(hand)
    await ready
    return hand
  }

  /** Ends all workers; the folder stays until `remove`. */
  async dismiss(): Promise<void> {
    await Promise.all(this.#hands.map(({ worker }) => worker.terminate()))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
