import type { StreamState } from './state.ts'

/** Parts of the map. A change copies one part and the list of them. */
const partCount = 256

type Part = ReadonlyMap<string, StreamState>

const emptyPart: Part = new Map()

/**
 * The streams of one moment, by id. A change answers a new map that shares with the old one all that did not
 * change, so that a state once handed out never moves and a command costs little among thousands of streams.
 */
export class StreamMap implements ReadonlyMap<string, StreamState> {
  static readonly empty: StreamMap = new StreamMap(
    Array.from({ length: partCount }, () => emptyPart),
    0,
  )

  readonly size: number
  readonly #parts: readonly Part[]

  private constructor(parts: readonly Part[], size: number) {
    this.#parts = parts
    this.size = size
  }

  /** The map itself when it is one of these, else one that holds the same. */
  static from(streams: ReadonlyMap<string, StreamState>): StreamMap {
    if (streams instanceof StreamMap) return streams
    const parts = Array.from({ length: partCount }, () => new Map<string, StreamState>())
    for (const [id, stream] of streams) parts[partOf(id)]?.set(id, stream)
    return new StreamMap(parts, streams.size)
  }

  get(id: string): StreamState | undefined {
    return this.#part(id).get(id)
  }

  has(id: string): boolean {
    return this.#part(id).has(id)
  }

  /** The map with this stream added or replaced. */
  with(id: string, stream: StreamState): StreamMap {
    const at = partOf(id)
    const before = this.#parts[at] ?? emptyPart
    const after = new Map(before).set(id, stream)
    return new StreamMap(this.#parts.with(at, after), this.size + after.size - before.size)
  }

  /** The map without this stream. */
  without(id: string): StreamMap {
    if (!this.has(id)) return this
    const part = new Map(this.#part(id))
    part.delete(id)
    return new StreamMap(this.#parts.with(partOf(id), part), this.size - 1)
  }

  forEach(
    callback: (stream: StreamState, id: string, map: ReadonlyMap<string, StreamState>) => void,
    thisArg?: unknown,
  ): void {
    for (const [id, stream] of this) callback.call(thisArg, stream, id, this)
  }

  *entries(): Generator<[string, StreamState], undefined, unknown> {
    for (const part of this.#parts) yield* part.entries()
    return undefined
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const part of this.#parts) yield* part.keys()
    return undefined
  }

  *values(): Generator<StreamState, undefined, unknown> {
    for (const part of this.#parts) yield* part.values()
    return undefined
  }

  [Symbol.iterator](): Generator<[string, StreamState], undefined, unknown> {
    return this.entries()
  }

  #part(id: string): Part {
    return this.#parts[partOf(id)] ?? emptyPart
  }
}

/** FNV-1a over the characters: ids of one account and region share all but their ends. */
function partOf(id: string): number {
  let hash = 0x811c_9dc5
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x0100_0193)
  return (hash ^ (hash >>> 16)) & (partCount - 1)
}
