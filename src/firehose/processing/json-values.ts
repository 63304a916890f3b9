const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** What numbers, `true`, `false` and `null` are made of. */
const isOfScalar: readonly boolean[] = Array.from({ length: 256 }, (_, byte) =>
  /[-+.0-9A-Za-z]/.test(String.fromCharCode(byte)),
)

const isSpace: readonly boolean[] = Array.from({ length: 256 }, (_, byte) =>
  [0x20, 0x09, 0x0a, 0x0d].includes(byte),
)

/**
 * The JSON values that follow each other in some bytes, with or without white space between. Only where each ends is looked
 * at: whether it is JSON inside, whoever reads it finds out. `undefined` for bytes that end within a value or have something
 * else between values.
 *
 * @param valuesMax no more are looked for
 */
export function jsonValuesIn(
  bytes: Uint8Array,
  valuesMax: number = Number.POSITIVE_INFINITY,
): readonly Uint8Array[] | undefined {
  const values: Uint8Array[] = []
  let at = afterSpace(bytes, 0)
  while (at < bytes.length && values.length < valuesMax) {
    const end = endOfValue(bytes, at)
    if (end === undefined) return undefined
    values.push(bytes.subarray(at, end))
    at = afterSpace(bytes, end)
  }
  return values
}

/** Whether arrays and objects in some JSON, which is valid, lie in each other more than `levels` deep. */
export function isDeeper(json: Uint8Array, levels: number): boolean {
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === quote) {
      at = endOfString(json, at) - 1
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1
      if (depth > levels) return true
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1
    }
  }
  return false
}

function afterSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (isSpace[bytes[at] ?? 0]) at += 1
  return at
}

/** Behind the value that begins at `from`; `undefined` if none does, or it has no end. */
function endOfValue(bytes: Uint8Array, from: number): number | undefined {
  const first = bytes[from]
  if (first === openBracket || first === openBrace) return endOfNested(bytes, from)
  if (first === quote) {
    const end = endOfString(bytes, from)
    return end > bytes.length ? undefined : end
  }
  let at = from
  while (isOfScalar[bytes[at] ?? 0]) at += 1
  return at === from ? undefined : at
}

/** Brackets and braces are counted alike: which of them close each other is a matter of what is inside. */
function endOfNested(bytes: Uint8Array, from: number): number | undefined {
  let depth = 0
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      at = endOfString(bytes, at) - 1
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return undefined
}

/** Behind the string that begins at `at`; more than the bytes have if it has no end. */
function endOfString(json: Uint8Array, at: number): number {
  let from = at + 1
  for (;;) {
    const end = json.indexOf(quote, from)
    if (end < 0) return json.length + 1
    let before = end - 1
    while (json[before] === backslash) before -= 1
    if ((end - before) % 2 === 1) return end + 1
    from = end + 1
  }
}
