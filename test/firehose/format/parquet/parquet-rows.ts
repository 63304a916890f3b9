import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance, type JS } from '@duckdb/node-api'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { ConversionConfiguration } from '../../../../src/firehose/configuration.ts'

/** What DuckDB finds in a file, by a query over `file`, whose path is `$path`. */
export async function queried(
  folder: string,
  body: Buffer,
  query = 'SELECT * FROM file',
): Promise<Record<string, JS>[]> {
  const path = join(folder, 'queried.parquet')
  writeFileSync(path, body)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await connection.run(`CREATE VIEW file AS SELECT * FROM read_parquet('${path}')`)
    return await (await connection.runAndReadAll(query.replaceAll('$path', `'${path}'`))).getRowObjectsJS()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** The rows of a file as hyparquet reads them, which leaves out some that are null. */
export async function hyparquetRows(
  body: Buffer,
  { schema }: Pick<ConversionConfiguration, 'schema'>,
): Promise<Record<string, unknown>[]> {
  const file = body.buffer.slice(body.byteOffset, body.byteOffset + body.length) as ArrayBuffer
  const rows = await parquetReadObjects({ file, compressors })
  return rows.map((row) => Object.fromEntries(schema.map(({ name }) => [name, row[name] ?? null])))
}
