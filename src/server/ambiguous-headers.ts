/** What a request may say once. Node takes the first of each, others the last or all. */
const single: ReadonlySet<string> = new Set(['host', 'authorization', 'content-type'])

/**
 * Whether a request says twice where it goes, who sends it or what it is: somebody on its way may have believed the other
 * one (RFC 9112, section 3.2; RFC 9110, section 5.3).
 *
 * @param raw names and values in turn, as they came
 */
export function isAmbiguous(raw: readonly string[]): boolean {
  const said = new Set<string>()
  for (let at = 0; at < raw.length; at += 2) {
    const { length } = raw[at] as string
    // Their lengths tell most others apart.
    if (length !== 4 && length !== 12 && length !== 13) continue
    const name = (raw[at] as string).toLowerCase()
    if (!single.has(name)) continue
    if (said.has(name)) return true
    said.add(name)
  }
  return false
}
