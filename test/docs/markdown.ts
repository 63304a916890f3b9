/** A table, and the heading above it. */
export interface Table {
  readonly heading: string
  /** Names of the columns, in order. */
  readonly columns: readonly string[]
  /** Cells without the blanks around them, by the name of their column. */
  readonly rows: readonly Readonly<Record<string, string>>[]
}

/** A fenced block. */
export interface Fence {
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** Empty for a block without one. */
  readonly language: string
  /** Ends with a newline. */
  readonly text: string
}

/** The fenced blocks of a page. */
export function fencesOf(text: string): Fence[] {
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
}

/** The page without its fenced blocks: same lines. */
export function proseOf(text: string): string {
  return text.replace(/^```[^]*?^```$/gm, (block) => block.replace(/[^\n]/g, ''))
}

/** Headings of all levels, in order, without marks. */
export function headingsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '')
}

/** The tables of a page. */
export function tablesOf(text: string): Table[] {
  const tables: { heading: string; columns: string[]; rows: Record<string, string>[] }[] = []
  let heading = ''
  let table: (typeof tables)[number] | undefined
  for (const line of proseOf(text).split('\n')) {
    heading = /^#+ (.+)$/.exec(line)?.[1] ?? heading
    if (!line.startsWith('|')) table = undefined
    else if (table === undefined) tables.push((table = { heading, columns: cellsOf(line), rows: [] }))
    else if (!line.startsWith('| ---')) {
      const cells = cellsOf(line)
      table.rows.push(Object.fromEntries(table.columns.map((column, index) => [column, cells[index] ?? ''])))
    }
  }
  return tables
}

/** The one table below a heading. */
export function tableUnder(text: string, heading: string): Table {
  const found = tablesOf(text).filter((table) => table.heading === heading)
  const [table] = found
  if (table === undefined || found.length > 1)
    throw new Error(`${found.length} tables under ${heading}, expected one`)
  return table
}

/** Text without backquotes: the value that a cell shows as code. */
export function plain(cell: string): string {
  return cell.replaceAll('`', '')
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim())
}
