import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DecompressionStep } from '../../../src/firehose/processing/decompression.ts'
import type { PassingRecord } from '../../../src/firehose/processing/step.ts'
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

  it('are left for the next call where there is much of them, and none fails for the others', async () => {
    const packed = Array.from({ length: 14 }, (_, index) => record(gzipSync(Buffer.alloc(16 * MiB, index))))
    const firsts: (number | undefined)[] = []
    let calls = 0
    for (let left: readonly PassingRecord[] = packed; left.length > 0; calls += 1) {
      const { records, failed, rest = [] } = await step.apply(left, never)
      expect(failed).toEqual([])
      expect(records.length).toBeGreaterThan(0)
      expect(records.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(128 * MiB)
      firsts.push(...records.map(({ data }) => data[0]))
      left = rest
    }
    expect(calls).toBeGreaterThan(1)
    expect(firsts).toEqual(Array.from({ length: 14 }, (_, index) => index))
  })

  it('may be of several members, and have nothing behind them but zeros', async () => {
    const members = Buffer.concat([gzipSync('one '), gzipSync('two')])
    const behind = (bytes: string): Buffer => Buffer.concat([members, Buffer.from(bytes, 'latin1')])
    const { records, failed } = await step.apply(
      [record(members), record(behind('\0\0\0')), record(behind('\x1f\x8b')), record(gzipSync(''))],
      never,
    )
    expect(textsOf(records)).toEqual(['one two', 'one two', ''])
    expect(failed).toMatchObject([{ code: 'Decompression.InvalidData' }])
  })

  it('are no longer unpacked once that is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(step.apply([record(gzipSync('x'))], signal)).rejects.toThrow('enough')
  })
})
