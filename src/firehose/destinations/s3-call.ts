import type { S3Client } from '@aws-sdk/client-s3'
import type { Clock } from '../../clock.ts'
import { whenAborted } from '../../streams/abort-reason.ts'
import { minuteMs, secondMs } from '../../units.ts'
import { DeliveryError } from '../destination.ts'
import { Deadline } from './deadline.ts'
import { s3Failure } from './s3-failure.ts'

/** A request and its answer, the SDK's own repeats included. A part has at most 5 MiB. */
const requestMs = 5 * minuteMs
/** How long what is left of an upload that failed is looked after. */
const tidyMs = 10 * secondMs

/**
 * The requests of one upload, and its end: of its own, with the first request that fails, or when its caller wants no more
 * of it. The SDK's upload does not hand signals on, and goes on with other parts when one has failed.
 */
export class S3Call {
  /** Takes the place of the client: what goes through it ends with the call. */
  readonly client: S3Client
  readonly #place: string
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #stop = new AbortController()
  readonly #late = new AbortController()
  readonly #stopListening: () => void
  #cancelLate: (() => void) | undefined
  #failure: { readonly error: unknown } | undefined

  /** @param place the object, for messages */
  constructor(client: S3Client, place: string, clock: Clock, signal: AbortSignal) {
    this.#place = place
    this.#clock = clock
    this.#signal = signal
    this.#stopListening = whenAborted(signal, (reason) => this.#end(reason))
    const send = this.#sender(client)
    this.client = Object.create(client, { send: { value: send } }) as S3Client
  }

  /** The chunks of a body, copied, since they are lent until the next one; none once the call has ended. */
  async *chunksOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) {
        this.#stop.signal.throwIfAborted()
        if (chunk.length > 0) yield Buffer.from(chunk)
      }
    } catch (error) {
      this.#end(error)
      throw error
    }
  }

  /** What came first, as the caller of `deliver` is told: what it gave as a reason itself, or a `DeliveryError`. */
  failure(error: unknown): unknown {
    if (this.#signal.aborted) return this.#signal.reason
    const first = this.#failure === undefined ? error : this.#failure.error
    return DeliveryError.is(first) ? first : s3Failure(first, this.#place)
  }

  release(): void {
    this.#stopListening()
    this.#cancelLate?.()
  }

  #sender(client: S3Client): (command: Parameters<S3Client['send']>[0]) => Promise<unknown> {
    return async (command) => {
      const until = tidies(command.input) ? this.#late : this.#stop
      const deadline = new Deadline(this.#clock, requestMs, until.signal)
      try {
        return await client.send(command, { abortSignal: deadline.signal })
      } catch (error) {
        this.#end(deadline.expired ? this.#timeout(error) : error)
        throw error
      } finally {
        deadline.release()
      }
    }
  }

  #timeout(cause: unknown): DeliveryError {
    return new DeliveryError('S3.RequestTimeout', `${this.#place}: no answer in ${requestMs / secondMs} s`, {
      again: true,
      cause,
    })
  }

  /** Only the first end counts: what follows is of its making. */
  #end(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#cancelLate = this.#clock.after(tidyMs, () => this.#late.abort())
    this.#stop.abort(error)
  }
}

/**
 * Whether a request makes an upload of parts, so that it can be removed, or removes it: they go on for a while. Told by
 * what is in it, since classes may have other names, and a copy of the SDK other classes.
 */
function tidies(input: object): boolean {
  const { Body, MultipartUpload } = input as { readonly Body?: unknown; readonly MultipartUpload?: unknown }
  return Body === undefined && MultipartUpload === undefined
}
