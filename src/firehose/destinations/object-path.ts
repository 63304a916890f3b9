import { createHash } from 'node:crypto'

/** What file systems take as one name, bytes of UTF-8. */
const nameBytesMax = 255
/** What is kept of a longer name: its beginning, and its end for the sake of the extension. Bytes. */
const headBytes = 160
const tailBytes = 40

/** Characters that no name may have: those that say nothing, and what separates folders on Windows. */
// eslint-disable-next-line no-control-regex -- these are meant
const forbidden = /[\u0000-\u001f\u007f\\%]/g
/** What Windows refuses besides. */
// eslint-disable-next-line no-control-regex -- these are meant
const forbiddenOnWindows = /[\u0000-\u001f\u007f\\%"*:<>?|]/g
const trailingOnWindows = /[. ]$/
/** Names of devices, whatever comes behind a full stop. */
const deviceOnWindows = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i

/**
 * The names of folders and of the file for an object's key, below the folder of its bucket. Every key has names, and no
 * two keys have the same:
 *
 * - `%`, backslashes and control characters become `%` and two hexadecimal digits, and so do the full stops of `.` and `..`;
 * - an empty part (`//`, or a slash at the beginning or end) becomes `%-`;
 * - a part that is too long for a name keeps its beginning and end, and has `%~` and a hash of all of it in between.
 *
 * @param windows whether names must be what Windows takes, too
 */
export function objectPath(key: string, windows: boolean): readonly string[] {
  return key.split('/').map((part) => fileName(part, windows))
}

function fileName(part: string, windows: boolean): string {
  if (part === '') return '%-'
  if (part === '.' || part === '..') return part.replaceAll('.', '%2E')
  let name = part.replace(windows ? forbiddenOnWindows : forbidden, encoded)
  if (windows) name = name.replace(trailingOnWindows, encoded).replace(deviceOnWindows, encodedFirst)
  return Buffer.byteLength(name) > nameBytesMax ? shortened(name, part) : name
}

/** Of one ASCII character. */
function encoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function encodedFirst(word: string): string {
  return encoded(word.charAt(0)) + word.slice(1)
}

function shortened(name: string, part: string): string {
  const hash = createHash('sha256').update(part).digest('hex').slice(0, 32)
  const characters = [...name]
  return `${cut(characters, headBytes)}%~${hash}%~${cut(characters.toReversed(), tailBytes, true)}`
}

/** As many whole characters as fit. */
function cut(characters: readonly string[], bytesMax: number, reversed = false): string {
  const kept: string[] = []
  let bytes = 0
  for (const character of characters) {
    bytes += Buffer.byteLength(character)
    if (bytes > bytesMax) break
    kept.push(character)
  }
  return (reversed ? kept.toReversed() : kept).join('')
}
