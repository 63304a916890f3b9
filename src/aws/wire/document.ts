import type { ReadInput } from './input-reader.ts'
import type { WireForm } from './scalar.ts'

/** What a request's body says, parsed and not yet judged. */
export interface RequestDocument {
  /** The input that `read` makes of it. Fails as `read` does. */
  input(read: ReadInput): unknown
  /** To be called once, when nobody needs the blobs of an input any more: their memory may be used again. */
  release(): void
}

/** A document that owns what it shows. */
export function plainDocument(value: unknown, form: WireForm): RequestDocument {
  return { input: (read) => read(value, form), release: nothing }
}

function nothing(): void {}
