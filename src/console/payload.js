/**
 * Bytes as text, JSON and hexadecimal digits. Pure. What a terminal or a browser would obey (control
 * characters, those that turn the direction of writing) is made visible instead.
 */

const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** @param {string} base64 */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
}

/**
 * Whether the bytes are UTF-8 as a whole.
 *
 * @param {Uint8Array} bytes
 */
export function isText(bytes) {
  try {
    strict.decode(bytes)
    return true
  } catch {
    return false
  }
}

/** @param {Uint8Array} bytes */
export function textOf(bytes) {
  return lenient.decode(bytes)
}

/** Names of the control characters of ASCII; few fonts have their pictures. */
const controls =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(
    ' ',
  )

/**
 * Text that does nothing: control characters become their names, and marks that change the direction of
 * writing or cannot be seen become their code points.
 *
 * @param {string} text
 * @param {boolean} lines whether line feeds and tabs stay
 */
export function inert(text, lines) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => {
    if (lines && (char === '\n' || char === '\t')) return char
    const code = char.codePointAt(0) ?? 0
    const name = code === 0x7f ? 'DEL' : controls[code]
    return `\u27e8${name ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`}\u27e9`
  })
}

/**
 * The bytes as JSON with line breaks; `undefined` if they are none.
 *
 * @param {Uint8Array} bytes
 * @returns {string | undefined}
 */
export function jsonOf(bytes) {
  const text = textOf(bytes).trim()
  if (!/^[[{"\-\d tfn]/.test(text) || !isText(bytes)) return undefined
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  return indented(text)
}

/**
 * JSON laid out as it was written: numbers keep their digits, keys their order and their doubles. The text
 * must be JSON.
 *
 * @param {string} text
 */
function indented(text) {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []
  let depth = 0
  let out = ''
  for (const [at, part] of parts.entries()) {
    if (part === '}' || part === ']') {
      depth -= 1
      const before = parts[at - 1]
      out += before === '{' || before === '[' ? part : `${newLine(depth)}${part}`
    } else if (part === '{' || part === '[') {
      depth += 1
      const next = parts[at + 1]
      out += next === '}' || next === ']' ? part : `${part}${newLine(depth)}`
    } else if (part === ',') out += `,${newLine(depth)}`
    else out += part === ':' ? ': ' : part
  }
  return out
}

/** @param {number} depth nesting; what is deeper than anyone reads is not moved further to the right */
function newLine(depth) {
  return `\n${'  '.repeat(Math.min(depth, 20))}`
}

/** Bytes of a line. */
const lineBytes = 16

/**
 * Offset, hexadecimal digits and printable characters, sixteen bytes a line.
 *
 * @param {Uint8Array} bytes
 */
export function hexOf(bytes) {
  const lines = []
  for (let at = 0; at < bytes.length; at += lineBytes) {
    const line = [...bytes.subarray(at, at + lineBytes)]
    const digits = line.map((byte) => byte.toString(16).padStart(2, '0'))
    const left = digits.slice(0, 8).join(' ').padEnd(23)
    const right = digits.slice(8).join(' ').padEnd(23)
    const shown = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${left}  ${right}  ${shown}`)
  }
  return lines.join('\n')
}
