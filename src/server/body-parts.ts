import { KiB } from '../units.ts'

const none: Uint8Array = new Uint8Array(0)

/** Parts below this are put together as they come: each that is kept has a cost of its own. Bytes. */
const smallPartBytes = 4 * KiB
/** What they are put into. Bytes. */
const shelfBytes = 64 * KiB

/**
 * The parts of a body. One part is handed on as it came; several are put together once, at the end. However small they
 * are, they take not much more memory than they are long.
 */
export class BodyParts {
  readonly #parts: Uint8Array[] = []
  #shelf: Uint8Array = none
  /** What of the shelf is in use, and what of that is no part yet. */
  #shelved = 0
  #open = 0
  #length = 0

  /** Bytes. */
  get length(): number {
    return this.#length
  }

  add(part: Uint8Array): void {
    this.#length += part.length
    if (part.length >= smallPartBytes || this.#length === part.length) {
      this.#closeShelf()
      this.#parts.push(part)
      return
    }
    if (this.#shelved + part.length > this.#shelf.length) {
      this.#closeShelf()
      this.#shelf = Buffer.allocUnsafeSlow(shelfBytes)
      this.#shelved = 0
      this.#open = 0
    }
    this.#shelf.set(part, this.#shelved)
    this.#shelved += part.length
  }

  /** All of them, in one: if there are several, in what `bufferOf` gives for their length. */
  bytes(bufferOf: (bytes: number) => Uint8Array): Uint8Array {
    this.#closeShelf()
    const parts = this.#parts
    if (parts.length <= 1) return parts[0] ?? none
    const whole = bufferOf(this.#length)
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole.subarray(0, at)
  }

  #closeShelf(): void {
    if (this.#open === this.#shelved) return
    this.#parts.push(this.#shelf.subarray(this.#open, this.#shelved))
    this.#open = this.#shelved
  }
}
