import { posix } from 'node:path'
import type { Finding, SourceFile } from './checkout.ts'

/** STYLE: aim at 150 lines, argue above 300, never above this. */
export const linesMax = 500

/** STYLE: no line of TypeScript is wider. */
export const columnsMax = 110
/** Where all comments keep to it; others follow. */
const narrow = /^src\/(cli|console)\/.*\.[jt]s$/

/** Names that say nothing about what is inside; a file that wants one is two files. */
const emptyNames = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'type', 'types', 'impl'])

/** Files longer than anyone reads in one go. */
export function tooLong({ path, text }: SourceFile): Finding[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return lines > linesMax ? [`${path}:${linesMax}: ${lines} lines, the limit is ${linesMax}`] : []
}

/** Comments wider than the code, which the formatter keeps within the limit where it can. */
export function tooWide({ path, text }: SourceFile): Finding[] {
  if (!narrow.test(path)) return []
  return text.split('\n').flatMap((line, index) => {
    const wide = line.length > columnsMax && /^\s*(\/\/|\/?\*)/.test(line)
    return wide ? [`${path}:${index + 1}: ${line.length} columns, the limit is ${columnsMax}`] : []
  })
}

/** Files and folders named after nothing. The last word decides: `parse-utils` is no better than `utils`. */
export function emptyName({ path }: SourceFile): Finding[] {
  return path
    .split('/')
    .map((part) => posix.basename(part).replace(/\..*$/, ''))
    .filter((name) => emptyNames.has(name.split(/[-_]/).at(-1)?.toLowerCase() ?? ''))
    .map((name) => `${path}:1: the name "${name}" does not say what this is`)
}
