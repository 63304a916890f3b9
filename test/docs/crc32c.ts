const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f6_3b78 : rest >>> 1
  return rest
})

/** CRC-32C of these bytes, one behind the other, in the plainest way. */
export function crc32c(...pieces: readonly Uint8Array[]): number {
  let rest = 0xffff_ffff
  for (const piece of pieces) {
    for (const byte of piece) rest = (rest >>> 8) ^ (table[(rest ^ byte) & 0xff] as number)
  }
  return ~rest >>> 0
}
