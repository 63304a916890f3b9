/** How a column's cells are set: text to the left, figures to the right. */
export type Alignment = 'left' | 'right'

/** Rows under a header, each column as wide as its widest cell, two spaces apart, no space at line ends. */
export function table(
  header: readonly string[],
  alignment: readonly Alignment[],
  rows: readonly (readonly string[])[],
): string[] {
  const lines = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  return lines.map((cells) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return alignment[column] === 'right' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
