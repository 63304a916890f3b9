import type { MemberShape, ServiceModel } from '../../src/aws/model/model.ts'
import { plain, type Table } from './markdown.ts'

/** What a page says of the members of some structures, in one table. */
export interface MemberTable {
  readonly structures: readonly string[]
  /** By member: the words of the second column. */
  readonly verdicts: ReadonlyMap<string, string>
  /** A row of each member that the table has more than once. */
  readonly repeated: readonly string[]
}

const heading = /^members of (.+)$/

/** Tables whose first column is headed "members of `A`, `B`". */
export function memberTables(tables: readonly Table[]): readonly MemberTable[] {
  return tables.flatMap(({ columns, rows }) => {
    const [first = ''] = columns
    const named = heading.exec(first)?.[1]
    if (named === undefined) return []
    const members = rows.map((row) => plain(row[first] ?? ''))
    const verdicts = new Map(rows.map((row) => [plain(row[first] ?? ''), firstCell(row, columns)]))
    const repeated = members.filter((member, index) => members.indexOf(member) !== index)
    return [{ structures: plain(named).split(', '), verdicts, repeated }]
  })
}

function firstCell(row: Readonly<Record<string, string>>, columns: readonly string[]): string {
  return row[columns[1] ?? ''] ?? ''
}

/** Columns without a name are told apart by their place. */
export function withNamedColumns(page: string): string {
  return page.replaceAll(/^\| (members of .+?|processor \| parameter) \| \| \|$/gm, '| $1 | verdict | how |')
}

function structureOf(shape: MemberShape): string | undefined {
  const inner = shape.type === 'list' ? shape.member : shape
  return inner?.type === 'structure' ? inner.shape : undefined
}

/**
 * The structures that the inputs of operations consist of.
 *
 * @param isClosed what is in a member like this is not looked at
 */
export function structuresOf(
  model: ServiceModel,
  operations: readonly string[],
  isClosed: (structure: string, member: string) => boolean,
): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (structure: string): void => {
    if (found.has(structure)) return
    found.add(structure)
    for (const [member, shape] of Object.entries(model.structures[structure] ?? {})) {
      const inner = structureOf(shape)
      if (inner !== undefined && !isClosed(structure, member)) visit(inner)
    }
  }
  for (const operation of operations) visit(model.operations[operation]?.input ?? '')
  return found
}

/** `Structure.Member` for all members that a document sets, in whatever depth. */
export function membersIn(model: ServiceModel, structure: string, document: unknown): readonly string[] {
  if (Array.isArray(document)) return document.flatMap((entry) => membersIn(model, structure, entry))
  return Object.entries(Object(document) as Record<string, unknown>).flatMap(([member, value]) => {
    const shape = model.structures[structure]?.[member]
    const inner = shape && structureOf(shape)
    return [`${structure}.${member}`, ...(inner === undefined ? [] : membersIn(model, inner, value))]
  })
}
