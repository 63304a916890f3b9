/** Strict base64, as the service reads it: whole quads, its own alphabet, no bits left over. */

/** Last characters before padding that leave no bits over. */
const cleanBeforeOne = 'AEIMQUYcgkosw048'
const cleanBeforeTwo = 'AQgw'

/** Bytes that a text of this many characters, a multiple of four, has: `padding` is what `paddingOf` says. */
export function base64Bytes(characters: number, padding: number): number {
  return (characters / 4) * 3 - padding
}

/** Characters of padding at the end: up to two count. */
export function paddingOf(text: string): number {
  return text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
}

/** Whether the character before the padding says nothing that is lost. */
export function endsClean(text: string, padding: number): boolean {
  if (padding === 0) return true
  const clean = padding === 1 ? cleanBeforeOne : cleanBeforeTwo
  return clean.includes(text.charAt(text.length - padding - 1))
}
