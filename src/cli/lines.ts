/** One line of a byte stream, without its newline. */
export type Line =
  | { readonly kind: 'line'; readonly number: number; readonly bytes: Uint8Array }
  | { readonly kind: 'too long'; readonly number: number }

const newline = 0x0a

/**
 * Cuts a stream of bytes into lines and yields those of one chunk together, so that a caller stores what has
 * arrived before it waits for more. Keeps at most one line in memory: a longer one than `maxBytes` is passed
 * over and reported. A last line without a newline counts. Lines are views of their chunk: use them before
 * asking for the next ones.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter(maxBytes)
  for await (const chunk of chunks) yield splitter.push(chunk)
  yield splitter.end()
}

class LineSplitter {
  readonly #maxBytes: number
  #number = 1
  /** The beginning of the line that the last chunk left open. */
  #pieces: Uint8Array[] = []
  #pieceBytes = 0
  #tooLong = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = []
    let from = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, end))
      lines.push(this.#take())
      from = end + 1
    }
    // The chunk's memory belongs to the stream: what is kept for later is copied.
    if (from < chunk.length) this.#keep(Uint8Array.prototype.slice.call(chunk, from))
    return lines
  }

  end(): Line[] {
    return this.#pieceBytes > 0 || this.#tooLong ? [this.#take()] : []
  }

  #keep(piece: Uint8Array): void {
    this.#pieceBytes += piece.length
    if (this.#pieceBytes <= this.#maxBytes) {
      this.#pieces.push(piece)
      return
    }
    this.#tooLong = true
    this.#pieces = []
  }

  #take(): Line {
    const number = this.#number
    const line: Line = this.#tooLong
      ? { kind: 'too long', number }
      : {
          kind: 'line',
          number,
          bytes: this.#pieces.length === 1 ? (this.#pieces[0] ?? empty) : Buffer.concat(this.#pieces),
        }
    this.#number += 1
    this.#pieces = []
    this.#pieceBytes = 0
    this.#tooLong = false
    return line
  }
}

const empty = new Uint8Array(0)
