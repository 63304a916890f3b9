/**
 * What a helper thread runs: it answers one request after the other with the `work` of the module that it was started
 * for. Of the package's own JavaScript, since Node has no loader for TypeScript in threads.
 */
import { parentPort, workerData, type Transferable } from 'node:worker_threads'
import { failureText } from './failure-text.ts'

/** Tells how far a request is: if its thread has to be ended, whoever asked hears the last of it. */
export type Progress = (done: number) => void

/** What the work answers: a value that can be cloned, and what of it is handed over instead. */
export interface WorkAnswer {
  readonly answer: unknown
  readonly transfer?: readonly Transferable[]
}

/** What a module for a helper thread exports as `work`. What it throws rejects the request as `failed`. */
export type Work = (request: never, progress: Progress) => WorkAnswer | Promise<WorkAnswer>

/** What a thread is started with. */
export interface WorkPlace {
  /** The URL of a module that exports `work`. */
  readonly module: string
  /** One `Int32`: the progress of the request under way. */
  readonly progress: SharedArrayBuffer
}

/** From a thread to its owner: that it has begun, since starting does not count, and what came of it. */
export type WorkReply =
  | 'begun'
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly message: string }

if (parentPort !== null) serve(workerData as WorkPlace)

function serve(place: WorkPlace): void {
  const port = parentPort
  const done = new Int32Array(place.progress)
  const module = import(place.module) as Promise<{ readonly work: Work }>
  module.catch(() => {}) // the first request hears of it
  const progress: Progress = (count) => Atomics.store(done, 0, count)
  port?.on('message', async (request: unknown) => {
    try {
      const { work } = await module
      port.postMessage('begun' satisfies WorkReply)
      const { answer, transfer } = await work(request as never, progress)
      const reply: WorkReply = { ok: true, answer }
      port.postMessage(reply, [...(transfer ?? [])])
    } catch (error) {
      port.postMessage({ ok: false, message: failureText(error) } satisfies WorkReply)
    }
  })
}
