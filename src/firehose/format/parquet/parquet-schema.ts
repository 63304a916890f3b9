import type { SchemaElement } from 'hyparquet'
import type { Column, ColumnType, PrimitiveType } from '../../configuration.ts'

type Leaf = Pick<SchemaElement, 'type' | 'converted_type' | 'type_length' | 'precision' | 'scale'>

/** Times are microseconds where Hive writes twelve-byte ones: those are deprecated, and readers take both. */
const primitives: Readonly<Record<PrimitiveType, Leaf>> = {
  boolean: { type: 'BOOLEAN' },
  tinyint: { type: 'INT32', converted_type: 'INT_8' },
  smallint: { type: 'INT32', converted_type: 'INT_16' },
  int: { type: 'INT32' },
  bigint: { type: 'INT64' },
  float: { type: 'FLOAT' },
  double: { type: 'DOUBLE' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  binary: { type: 'BYTE_ARRAY' },
  date: { type: 'INT32', converted_type: 'DATE' },
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
}

/** The schema of a Parquet file with these columns. All of them, and all within them but keys of maps, may be null. */
export function parquetSchema(columns: readonly Column[]): SchemaElement[] {
  const root: SchemaElement = { name: 'hive_schema', num_children: columns.length }
  return [root, ...columns.flatMap(({ name, type }) => elementsOf(name, type, 'OPTIONAL'))]
}

/** Lists and maps have the groups that the format's specification gives them ("Logical Types"). */
function elementsOf(
  name: string,
  type: ColumnType,
  repetition_type: 'OPTIONAL' | 'REQUIRED',
): SchemaElement[] {
  switch (type.kind) {
    case 'primitive':
      return [{ name, repetition_type, ...primitives[type.name] }]
    case 'decimal':
      return [{ name, repetition_type, ...decimalLeaf(type.precision, type.scale) }]
    case 'struct': {
      const fields = type.fields.flatMap((field) => elementsOf(field.name, field.type, 'OPTIONAL'))
      return [{ name, repetition_type, num_children: type.fields.length }, ...fields]
    }
    case 'array':
      return [
        { name, repetition_type, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elementsOf('element', type.of, 'OPTIONAL'),
      ]
    case 'map':
      return [
        { name, repetition_type, num_children: 1, converted_type: 'MAP' },
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        ...elementsOf('key', type.key, 'REQUIRED'),
        ...elementsOf('value', type.value, 'OPTIONAL'),
      ]
    default:
      return type satisfies never
  }
}

/** The smallest that holds so many digits. */
function decimalLeaf(precision: number, scale: number): Leaf {
  const decimal = { converted_type: 'DECIMAL', precision, scale } as const
  if (precision <= 9) return { type: 'INT32', ...decimal }
  if (precision <= 18) return { type: 'INT64', ...decimal }
  let type_length = 9
  while (2n ** BigInt(8 * type_length - 1) < 10n ** BigInt(precision)) type_length += 1
  return { type: 'FIXED_LEN_BYTE_ARRAY', type_length, ...decimal }
}
