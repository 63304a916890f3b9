/** The two parts of a request's target. Another host's address in it is cut off. */
export function targetOf(target: string): { readonly path: string; readonly query: string } {
  const local = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  const mark = local.indexOf('?')
  if (mark < 0) return { path: local === '' ? '/' : local, query: '' }
  return { path: mark === 0 ? '/' : local.slice(0, mark), query: local.slice(mark + 1) }
}
