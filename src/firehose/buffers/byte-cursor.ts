const none = new Uint8Array(0)

/** Takes pieces of any length out of chunks of any length: views where it can, copies across borders. */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = none
  #at = 0

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks
  }

  /** The next piece, if it lies in the chunk at hand. */
  now(bytes: number): Uint8Array | undefined {
    const at = this.#at
    if (this.#chunk.byteLength - at < bytes) return undefined
    this.#at = at + bytes
    return this.#chunk.subarray(at, at + bytes)
  }

  /** The next piece. Rejects if the chunks end before. */
  async take(bytes: number): Promise<Uint8Array> {
    const near = this.now(bytes)
    if (near !== undefined) return near
    const piece = new Uint8Array(bytes)
    for (let filled = 0; filled < bytes;) {
      if (this.#at === this.#chunk.byteLength) await this.#next()
      const count = Math.min(this.#chunk.byteLength - this.#at, bytes - filled)
      piece.set(this.#chunk.subarray(this.#at, this.#at + count), filled)
      this.#at += count
      filled += count
    }
    return piece
  }

  /** Releases what the chunks come from. */
  async end(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #next(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done === true) throw new Error('a buffer is shorter than its records')
    this.#chunk = value
    this.#at = 0
  }
}
