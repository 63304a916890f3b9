/** One pattern for everything in TypeScript that is not code: comments, strings, templates, regular expressions. */
const tokens =
  /(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)|(?<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|(?<=[(,=:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/\w*/g

/** The text with comments blanked: same length, same lines, strings kept. */
export function withoutComments(text: string): string {
  return text.replace(tokens, (token, comment: string | undefined) =>
    comment === undefined ? token : blank(token),
  )
}

/** The text with comments, strings and regular expressions blanked: what is left is code. */
export function codeOnly(text: string): string {
  return text.replace(tokens, blank)
}

/** The line of a position in a text, from 1. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

function blank(token: string): string {
  return token.replace(/[^\n]/g, ' ')
}
