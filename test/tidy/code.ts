const comment = /\/\/[^\n]*|\/\*[^]*?\*\//
const text = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/
/** A slash begins a regular expression only where a value may stand; elsewhere it divides. */
const regex = /(?<=[(,=:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/\w*/

/** Everything in TypeScript that is not code. Comments are the first group. */
const tokens = new RegExp(`(${comment.source})|${text.source}|${regex.source}`, 'g')

/** The text with comments blanked: same length, same lines, strings kept. */
export function withoutComments(source: string): string {
  return source.replace(tokens, (token, commented: string | undefined) =>
    commented === undefined ? token : blank(token),
  )
}

/** The text with comments, strings and regular expressions blanked: what is left is code. */
export function codeOnly(source: string): string {
  return source.replace(tokens, blank)
}

/** The line of a position in a text, from 1. */
export function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length
}

function blank(token: string): string {
  return token.replace(/[^\n]/g, ' ')
}
