import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads'
import { systemClock } from '../clock.ts'
import { failureText } from './failure-text.ts'
import { ThreadFailure, type ThreadFailureReason } from './thread-failure.ts'
import type { WorkPlace, WorkReply } from './work.ts'

/** What a request may take. */
export interface RequestOptions {
  /** Handed over to the thread rather than copied: unusable here from the call on. */
  readonly transfer?: readonly Transferable[]
  /**
   * How long the thread may work on it: milliseconds of the system's time, whatever the store's clock says, since it is a
   * processor that works. Starting the thread and waiting for other requests do not count.
   */
  readonly limitMs: number
  /** Gives up; a request that is under way is stopped. */
  readonly signal?: AbortSignal | undefined
}

export interface ThreadOptions {
  /** What the thread's JavaScript may have. What WebAssembly has is not counted: a module bounds its own. MiB. */
  readonly heapMiB?: number
  /**
   * What of that is for what was made last. Less is less memory for work whose garbage is short-lived, and more work of the
   * collector for the rest. MiB. Left out: as V8 has it, up to 48.
   */
  readonly youngMiB?: number | undefined
}

/** @defaultValue of `ThreadOptions` */
const threadDefaults: Required<Pick<ThreadOptions, 'heapMiB'>> = { heapMiB: 256 }

/** A request that waits or is under way. */
interface Job {
  readonly request: unknown
  readonly options: RequestOptions
  readonly resolve: (answer: never) => void
  readonly reject: (reason: unknown) => void
  readonly ignoreSignal: () => void
  cancelLimit: () => void
}

/** Where the package is: from src/firehose, from dist/chunks and from the entries of dist, where this is built into. */
const packageFolder = new URL(import.meta.url.replace(/\/(?:src|dist)\/(?!.*\/(?:src|dist)\/).*$/, '/'))

/** A module of the package that exports `work`, as it is built. `name` is that of an entry, such as `firehose/work`. */
export function builtModule(name: string): URL {
  return new URL(`dist/${name}.js`, packageFolder)
}

/**
 * A thread that does one kind of work, a request at a time. It starts at the first request, keeps the process alive only
 * while it has some, and is replaced when it had to be ended: a request that loops or allocates without end harms nobody
 * else.
 */
export class HelperThread {
  readonly #module: URL
  readonly #limits: ResourceLimits
  readonly #progress = new SharedArrayBuffer(4)
  readonly #waiting: Job[] = []
  #running: Job | undefined
  #worker: Worker | undefined
  #closed = false
  /** Threads that are being ended. */
  readonly #ending: Set<Promise<unknown>> = new Set()

  /** @param module exports `work`, see `Work`; must be JavaScript */
  constructor(module: URL, options: ThreadOptions = {}) {
    this.#module = module
    const { heapMiB = threadDefaults.heapMiB, youngMiB } = options
    this.#limits = {
      maxOldGenerationSizeMb: heapMiB,
      ...(youngMiB !== undefined && { maxYoungGenerationSizeMb: youngMiB }),
    }
  }

  /** Requests that are not answered yet. */
  get pending(): number {
    return this.#waiting.length + (this.#running === undefined ? 0 : 1)
  }

  /**
   * What the module's `work` answers.
   *
   * @throws ThreadFailure, or the signal's reason
   */
  request<Answer>(request: unknown, options: RequestOptions): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.#closed) throw new ThreadFailure('closed', 'the helper thread is closed')
      const { signal } = options
      signal?.throwIfAborted()
      const aborted = (): void => this.#abandon(job, signal?.reason)
      const ignoreSignal = (): void => signal?.removeEventListener('abort', aborted)
      const job: Job = { request, options, resolve, reject, ignoreSignal, cancelLimit: () => {} }
      signal?.addEventListener('abort', aborted, { once: true })
      this.#waiting.push(job)
      this.#next()
    })
  }

  /** Ends the thread. Requests that are not answered yet are rejected. May be called again. */
  async close(): Promise<void> {
    this.#closed = true
    const failure = new ThreadFailure('closed', 'the helper thread was closed')
    for (const job of this.#waiting.splice(0)) settle(job, () => job.reject(failure))
    this.#stop('closed', failure.message)
    await Promise.all(this.#ending)
  }

  /** Begins the next request, if there is one; those that cannot be begun have failed. */
  #next(): void {
    while (this.#running === undefined) {
      const job = this.#waiting.shift()
      if (job === undefined) return
      this.#running = job
      try {
        this.#begin(job)
      } catch (error) {
        this.#running = undefined
        this.#worker?.unref()
        settle(job, () => job.reject(error))
      }
    }
  }

  /** @throws ThreadFailure if there can be no thread now; what says that the request cannot be cloned */
  #begin({ request, options }: Job): void {
    const worker = this.#worker ?? this.#start()
    worker.ref()
    Atomics.store(new Int32Array(this.#progress), 0, 0)
    worker.postMessage(request, [...(options.transfer ?? [])])
  }

  #start(): Worker {
    const worker = this.#made()
    this.#worker = worker
    worker.on('message', (reply: WorkReply) => {
      if (this.#worker === worker) this.#heard(reply)
    })
    worker.on('error', (error: unknown) => {
      if (this.#worker === worker) this.#stop(reasonOf(error), failureText(error), error)
    })
    worker.on('messageerror', (error) => {
      if (this.#worker === worker) this.#stop('died', failureText(error), error)
    })
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#stop('died', `the helper thread ended with ${code}`)
    })
    return worker
  }

  #made(): Worker {
    const place: WorkPlace = { module: this.#module.href, progress: this.#progress }
    try {
      return new Worker(builtModule('firehose/work'), {
        workerData: place,
        env: {},
        execArgv: [],
        resourceLimits: this.#limits,
      })
    } catch (error) {
      throw new ThreadFailure('died', failureText(error), 0, error)
    }
  }

  #heard(reply: WorkReply): void {
    const job = this.#running
    if (job === undefined) return
    if (reply === 'begun') {
      job.cancelLimit = systemClock.after(job.options.limitMs, () => {
        this.#stop('late', `the work was not done within ${job.options.limitMs} ms`)
      })
    } else if (reply.ok) {
      this.#settleRunning(() => job.resolve(reply.answer as never))
    } else {
      const failure = new ThreadFailure('failed', reply.message, this.#done())
      this.#settleRunning(() => job.reject(failure))
    }
  }

  #abandon(job: Job, reason: unknown): void {
    if (job === this.#running) {
      this.#endThread()
      this.#settleRunning(() => job.reject(reason))
      return
    }
    this.#waiting.splice(this.#waiting.indexOf(job), 1)
    settle(job, () => job.reject(reason))
  }

  /** Ends the thread, and with it the request under way. */
  #stop(reason: ThreadFailureReason, message: string, cause?: unknown): void {
    const job = this.#running
    const failure = new ThreadFailure(reason, message, this.#done(), cause)
    this.#endThread()
    if (job !== undefined) this.#settleRunning(() => job.reject(failure))
  }

  #endThread(): void {
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    const ended = worker.terminate()
    this.#ending.add(ended)
    void ended.finally(() => this.#ending.delete(ended))
  }

  #settleRunning(tell: () => void): void {
    const job = this.#running
    this.#running = undefined
    this.#worker?.unref()
    if (job !== undefined) settle(job, tell)
    this.#next()
  }

  #done(): number {
    return Atomics.load(new Int32Array(this.#progress), 0)
  }
}

/** A thread ends with whatever was thrown in it. */
function reasonOf(error: unknown): ThreadFailureReason {
  const memory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  return memory ? 'memory' : 'died'
}

function settle(job: Job, tell: () => void): void {
  job.cancelLimit()
  job.ignoreSignal()
  tell()
}
