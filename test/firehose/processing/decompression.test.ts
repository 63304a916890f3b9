import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DecompressionStep } from '../../../src/firehose/processing/decompression.ts'
import { never, record, textsOf } from './delivery-records.ts'

const step = new DecompressionStep()
const MiB = 1024 * 1024

describe('records that are unpacked', () => {
  it('come in their order', async () => {
    const texts = Array.from({ length: 50 }, (_, index) => `${index}`.repeat(1 + ((index * 7919) % 5000)))
    const { records, failed } = await step.apply(
      texts.map((text) => record(gzipSync(text))),
      never,
    )
    expect(textsOf(records)).toEqual(texts)
    expect(failed).toEqual([])
  })

  it('fail when they are not packed, or cut off, and no others do', async () => {
    const cut = gzipSync('x'.repeat(1000)).subarray(0, 20)
    const { records, failed } = await step.apply(
      [record('plain'), record(gzipSync('good')), record(cut), record('')],
      never,
    )
    expect(textsOf(records)).toEqual(['good'])
    expect(failed.map(({ code }) => code)).toEqual(
      Array.from({ length: 3 }, () => 'Decompression.InvalidData'),
    )
    expect(textsOf(failed.map((each) => each.record))).toContain('plain')
  })

  it('fail when they unpack to more than 16 MiB', async () => {
    const most = gzipSync(Buffer.alloc(16 * MiB))
    const bomb = gzipSync(Buffer.alloc(16 * MiB + 1))
    const { records, failed } = await step.apply([record(most), record(bomb)], never)
    expect(records[0]?.data.length).toBe(16 * MiB)
    expect(failed).toMatchObject([{ code: 'Decompression.TooLarge' }])
  })

  it('fail when there is too much of all of them', async () => {
    const most = record(gzipSync(Buffer.alloc(16 * MiB)))
    const { records, failed } = await step.apply(
      Array.from({ length: 14 }, () => most),
      never,
    )
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0)
    expect(bytes).toBeGreaterThanOrEqual(128 * MiB)
    expect(bytes).toBeLessThanOrEqual(128 * MiB + 4 * 16 * MiB)
    expect(records.length + failed.length).toBe(14)
    expect(failed.length).toBeGreaterThan(0)
  })

  it('are no longer unpacked once that is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(step.apply([record(gzipSync('x'))], signal)).rejects.toThrow('enough')
  })
})
