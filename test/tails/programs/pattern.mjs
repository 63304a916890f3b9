// Records whose every byte follows from the shard they are in and from how many came before: cheap to make and to check,
// so that a trial can have tens of millions.

/** Payloads have 8 to 71 bytes: the number, and a stretch of the pattern. */
const bodyBytesMax = 64
const pattern = Uint8Array.from(
  { length: 4096 + bodyBytesMax },
  (_, index) => (index * 167 + (index >> 8)) & 255,
)

function startOf(shard, number) {
  return (number * 31 + shard * 1021) & 4095
}

/** How many bytes this record has. */
export function lengthOf(number) {
  return 8 + ((number * 7) % bodyBytesMax)
}

/** @param {Uint8Array} into of `lengthOf(number)` bytes */
export function writeNumbered(into, shard, number) {
  const low = number >>> 0
  for (let byte = 0; byte < 4; byte++) into[byte] = low >>> (byte * 8)
  into[4] = shard
  into[5] = into[6] = into[7] = 0xa5
  const start = startOf(shard, number)
  for (let at = 8; at < into.length; at++) into[at] = pattern[start + at - 8]
}

/** Whether these are the bytes of that record and no others. */
export function isNumbered(bytes, shard, number) {
  if (bytes.length !== lengthOf(number)) return false
  let differs = bytes[0] ^ (number & 255)
  differs |= bytes[1] ^ ((number >>> 8) & 255)
  differs |= bytes[2] ^ ((number >>> 16) & 255)
  differs |= bytes[3] ^ (number >>> 24)
  differs |= bytes[4] ^ shard
  differs |= (bytes[5] ^ 0xa5) | (bytes[6] ^ 0xa5) | (bytes[7] ^ 0xa5)
  const start = startOf(shard, number)
  for (let at = 8; at < bytes.length; at++) differs |= bytes[at] ^ pattern[start + at - 8]
  return differs === 0
}
