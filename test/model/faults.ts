import type { Refusal, ShardLog } from '../../src/log/log.ts'

/** What the next call of a method meets instead of the log. */
export type Fault =
  | {
      readonly kind: 'refuse'
      readonly refusal: (typeof Refusal)[keyof typeof Refusal]
      readonly landed: boolean
    }
  | { readonly kind: 'fail'; readonly error: Error; readonly landed: boolean }
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  | { readonly kind: 'pass' }

/** Whether the log did what was asked before the answer went wrong. */
export interface FaultOptions {
  /** @defaultValue false */
  readonly landed?: boolean
}

export type LogMethod = keyof ShardLog

/** The script of what goes wrong: each fault meets one call, in the order of scripting; later calls pass. */
export class Faults {
  readonly #scripted: Map<LogMethod, Fault[]> = new Map()
  readonly #calls: Map<LogMethod, number> = new Map()

  /** The next `append` answers a refusal. */
  refuseAppend(refusal: (typeof Refusal)[keyof typeof Refusal], options: FaultOptions = {}): void {
    this.#script('append', { kind: 'refuse', refusal, landed: options.landed ?? false })
  }

  /** The next call of `method` throws. */
  fail(method: LogMethod, error: Error, options: FaultOptions = {}): void {
    this.#script(method, { kind: 'fail', error, landed: options.landed ?? false })
  }

  /** The next call of `method` passes, but only once the answered function is called. */
  hold(method: LogMethod): () => void {
    const gate = new AbortController()
    const until = new Promise<void>((resolve) => {
      gate.signal.addEventListener('abort', () => resolve())
    })
    this.#script(method, { kind: 'hold', until })
    return () => gate.abort()
  }

  /** Lets calls of `method` pass before what is scripted next. */
  pass(method: LogMethod, calls: number): void {
    for (let call = 0; call < calls; call++) this.#script(method, { kind: 'pass' })
  }

  /** How often `method` was called. */
  calls(method: LogMethod): number {
    return this.#calls.get(method) ?? 0
  }

  /** The fault that a call of `method` meets, if any. */
  take(method: LogMethod): Fault | undefined {
    this.#calls.set(method, this.calls(method) + 1)
    return this.#scripted.get(method)?.shift()
  }

  #script(method: LogMethod, fault: Fault): void {
    const scripted = this.#scripted.get(method) ?? []
    scripted.push(fault)
    this.#scripted.set(method, scripted)
  }
}
