import { expect, it } from 'vitest'
import { parseColumnType } from '../../../../src/firehose/format/type-text.ts'
import { RecordSlabBuilder } from '../../../../src/firehose/format/parquet/record-slab.ts'
import { rowGroupsOf, type FileConfiguration } from '../../../../src/firehose/format/parquet/row-group.ts'

const configuration: FileConfiguration = {
  schema: [{ name: 'x', type: parseColumnType('string') }],
  input: {
    kind: 'openx',
    caseInsensitive: true,
    dotsToUnderscores: false,
    keyOfColumn: {},
    timestampFormats: [],
  },
  compression: 'SNAPPY',
  pageBytes: 1024 * 1024,
  dictionary: false,
}

it.each([
  ['little', 'x'],
  ['much', 'word by word '],
])('a row group that became %s holds at most twice its bytes', async (_, word) => {
  const slab = new RecordSlabBuilder(1024 * 1024)
  const record = (index: number): Buffer => Buffer.from(JSON.stringify({ x: `${index}${word.repeat(1000)}` }))
  for (let index = 0; slab.add(record(index)); index += 1);
  const { bytes, index } = await rowGroupsOf(configuration, slab.take(), 0)
  expect(Number(index.rows)).toBeGreaterThan(50)
  expect(bytes.buffer.byteLength).toBeLessThanOrEqual(2 * bytes.length)
})
