/** Rows as lines of a table: the first column to the left, figures to the right. Works as Markdown, too. */
export function columns(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((cells) => [...(cells[column] ?? '')].length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, column === 0)).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(header), line(rule), ...rows.map(line)]
}

function pad(cell: string, width: number, left: boolean): string {
  const space = ' '.repeat(width - [...cell].length)
  return left ? cell + space : space + cell
}
