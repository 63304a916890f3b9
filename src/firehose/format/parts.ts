/**
 * Copies chunks of any size into parts of exactly `partBytes`; the last one is shorter, and none is empty. Each part is
 * memory of its own. How a body was cut into chunks does not show in its parts.
 */
export async function* partsOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let part = new Uint8Array(0)
  let filled = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      // Small bodies are many: their part grows with them.
      if (filled === part.length)
        part = grown(part, Math.min(partBytes, Math.max(2 * filled, chunk.length - at)))
      const taken = chunk.subarray(at, at + part.length - filled)
      part.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < partBytes) continue
      yield part
      part = new Uint8Array(0)
      filled = 0
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
}

function grown(part: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes)
  larger.set(part)
  return larger
}
