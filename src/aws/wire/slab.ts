/** What is kept in all, bytes: room for one request as large as they come, or for some that come at the same moment. */
const keptBytesMax: number = 12 * 1024 * 1024
/** Sizes are multiples of this, bytes. */
const step: number = 64 * 1024

const free: Buffer[] = []
let keptBytes = 0

/** Memory for the blobs of one request, not cleared. What is given back serves the next: fresh pages cost more than decoding. */
export function takeSlab(bytes: number): Buffer {
  const last = free.pop()
  if (last !== undefined) keptBytes -= last.length
  // One that is too small is let go: requests like this one are likely to follow.
  if (last !== undefined && last.length >= bytes) return last
  return Buffer.allocUnsafeSlow(Math.ceil(bytes / step) * step)
}

/** Gives a slab back that nobody looks at any more. */
export function giveSlab(slab: Buffer): void {
  if (keptBytes + slab.length > keptBytesMax) return
  keptBytes += slab.length
  free.push(slab)
}
