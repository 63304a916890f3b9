/** Parts of the map. A change copies one part and the list of them. */
const partCount = 256

/**
 * What there is at one moment, by id: streams, or documents. A change answers a new map that shares with the old one all
 * that did not change, so that a state once handed out never moves and a command costs little among thousands.
 */
export class PartedMap<Value> implements ReadonlyMap<string, Value> {
  static readonly #none: PartedMap<never> = new PartedMap<never>(
    Array.from({ length: partCount }, () => new Map<string, never>()),
    0,
  )

  readonly size: number
  readonly #parts: readonly ReadonlyMap<string, Value>[]

  private constructor(parts: readonly ReadonlyMap<string, Value>[], size: number) {
    this.#parts = parts
    this.size = size
  }

  /** Holds nothing. */
  static empty<Value>(): PartedMap<Value> {
    return PartedMap.#none
  }

  /** The map itself when it is one of these, else one that holds the same. */
  static from<Value>(values: ReadonlyMap<string, Value>): PartedMap<Value> {
    if (values instanceof PartedMap) return values
    const parts = Array.from({ length: partCount }, () => new Map<string, Value>())
    for (const [id, value] of values) parts[partOf(id)]?.set(id, value)
    return new PartedMap(parts, values.size)
  }

  get(id: string): Value | undefined {
    return this.#part(id).get(id)
  }

  has(id: string): boolean {
    return this.#part(id).has(id)
  }

  /** The map with this value added or replaced. */
  with(id: string, value: Value): PartedMap<Value> {
    const at = partOf(id)
    const before = this.#part(id)
    const after = new Map(before).set(id, value)
    return new PartedMap(this.#parts.with(at, after), this.size + after.size - before.size)
  }

  /** The map without the value of this id. */
  without(id: string): PartedMap<Value> {
    if (!this.has(id)) return this
    const part = new Map(this.#part(id))
    part.delete(id)
    return new PartedMap(this.#parts.with(partOf(id), part), this.size - 1)
  }

  forEach(
    callback: (value: Value, id: string, map: ReadonlyMap<string, Value>) => void,
    thisArg?: unknown,
  ): void {
    for (const [id, value] of this) callback.call(thisArg, value, id, this)
  }

  *entries(): Generator<[string, Value], undefined, unknown> {
    for (const part of this.#parts) yield* part.entries()
    return undefined
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const part of this.#parts) yield* part.keys()
    return undefined
  }

  *values(): Generator<Value, undefined, unknown> {
    for (const part of this.#parts) yield* part.values()
    return undefined
  }

  [Symbol.iterator](): Generator<[string, Value], undefined, unknown> {
    return this.entries()
  }

  #part(id: string): ReadonlyMap<string, Value> {
    return this.#parts[partOf(id)] as ReadonlyMap<string, Value>
  }
}

/** FNV-1a over the characters: ids of one account and region share all but their ends. */
function partOf(id: string): number {
  let hash = 0x811c_9dc5
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x0100_0193)
  return (hash ^ (hash >>> 16)) & (partCount - 1)
}
