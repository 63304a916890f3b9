// Records whose every byte follows from their number.

export const stream = 's'

export function keyOf(id) {
  return `key-${id % 64}`
}

/** Every 16th record is large. */
export function payloadOf(id) {
  const bytes = id % 16 === 15 ? 200_000 + (id % 7) : 16 + (id % 200)
  const payload = Buffer.alloc(bytes, (id * 31 + 7) & 0xff)
  payload.writeDoubleLE(id)
  return payload
}

/** What a test needs to know of an error. */
export function failureOf(error) {
  return { code: error.code ?? error.name, errno: error.details?.errnoName, message: error.message }
}
