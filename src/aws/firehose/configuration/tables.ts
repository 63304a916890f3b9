import type { Column } from '../../../firehose/configuration.ts'
import type { FirehoseOptions } from '../../../firehose/firehose-options.ts'
import { parseColumnType } from '../../../firehose/format/type-text.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import { asInvalidArgument } from '../refusal.ts'

/** Tables by `database.table`: they stand for AWS Glue. */
export type Tables = FirehoseOptions['tables']

/** The columns of a table; the configuration keeps a copy of them. */
export function columnsOf(table: string, tables: Tables): readonly Column[] {
  const found = tables !== undefined && Object.hasOwn(tables, table) ? tables[table] : undefined
  if (found === undefined) {
    throw invalidArgumentFault(
      `SchemaConfiguration names the table ${table}, which is not there: tables are an option of the store's Firehose.`,
    )
  }
  if (Array.isArray(found)) return found as readonly Column[]
  try {
    return Object.entries(found as Readonly<Record<string, string>>).map(([name, type]) => ({
      name,
      type: parseColumnType(type),
    }))
  } catch (error) {
    throw asInvalidArgument(error)
  }
}
