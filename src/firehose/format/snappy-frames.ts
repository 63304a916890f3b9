/**
 * Compresses a part block by block and answers all frames in one. This happens on the spot, half a MiB in about a
 * millisecond: to hand such small blocks to threads takes this thread as long as to compress them.
 *
 * @param frame what a block becomes
 */
export function snappyFrames(
  part: Uint8Array,
  blockBytes: number,
  frame: (block: Uint8Array) => readonly Uint8Array[],
): Uint8Array {
  const frames: Uint8Array[] = []
  for (let at = 0; at < part.length; at += blockBytes)
    frames.push(...frame(part.subarray(at, at + blockBytes)))
  return Buffer.concat(frames)
}

/** A length as both formats write it: 4 bytes, the highest first. */
export function lengthPrefix(length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(length)
  return bytes
}
