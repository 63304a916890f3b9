import { describe, expect, it } from 'vitest'
import { Column } from '../../src/log/log.ts'
import { Staging, StagingPool } from '../../src/streams/staging.ts'
import { unpack } from '../model/record.ts'

const MiB = 1024 * 1024

/** Of ES2024, which the library's own code does not use. */
const ResizableBuffer = ArrayBuffer as unknown as new (
  bytes: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer & { resize(bytes: number): void }

function packed(staging: Staging): { key: string; data: string; hashKey: string | undefined }[] {
  return Array.from({ length: staging.count }, (_, index) => {
    const { key, data, hashKey } = unpack(staging, index)
    return { key: key.toString(), data: data.toString(), hashKey: hashKey?.toString('hex') }
  })
}

describe('a staging', () => {
  it('packs keys, payloads and hash keys, payloads as bytes or text', () => {
    const staging = new Staging()
    staging.add('a', Buffer.from('one'), undefined, MiB)
    staging.add('zwei', 'größer', '255', MiB)
    staging.add('ü', Buffer.alloc(0), undefined, MiB)
    expect(packed(staging)).toEqual([
      { key: 'a', data: 'one', hashKey: undefined },
      { key: 'zwei', data: 'größer', hashKey: 'ff'.padStart(32, '0') },
      { key: 'ü', data: '', hashKey: undefined },
    ])
  })

  it('takes keys that were written before their payloads, mixed with others', () => {
    const staging = new Staging()
    staging.add('first', 'one', undefined, MiB)
    const at = staging.writeKeys('secondthird')
    staging.addKeyed(at as number, 6, Buffer.from('two'), undefined, MiB)
    expect(() => staging.addKeyed((at as number) + 6, 5, 'x'.repeat(100), undefined, 100)).toThrow(
      /105 bytes/,
    )
    staging.addKeyed((at as number) + 6, 5, 'größer', '255', MiB)
    expect(packed(staging)).toEqual([
      { key: 'first', data: 'one', hashKey: undefined },
      { key: 'second', data: 'two', hashKey: undefined },
      { key: 'third', data: 'größer', hashKey: 'ff'.padStart(32, '0') },
    ])
  })

  it.each(['ü', 'aü', 'üa', 'aaaü', 'üaaa', '\u{1f600}a', 'aa\ud800', `${'a'.repeat(100_000)}ü`])(
    'writes no keys that are not all ASCII: %j',
    (keys) => {
      const staging = new Staging()
      expect(staging.writeKeys(keys)).toBeUndefined()
      expect(staging.used).toBe(0)
      expect(staging.writeKeys(keys.replaceAll(/[^a]/gu, ''))).toBe(0)
    },
  )

  it('holds copies', () => {
    const staging = new Staging()
    const data = Buffer.from('before')
    staging.add('k', data, undefined, MiB)
    data.write('AFTER!')
    expect(packed(staging)[0]?.data).toBe('before')
  })

  it('grows for many records and for the largest', () => {
    const staging = new Staging()
    for (let index = 0; index < 2000; index++) staging.add(`k${index}`, `v${index}`, undefined, MiB)
    staging.add('big', new Uint8Array(10 * MiB - 3).fill(7), undefined, 10 * MiB)
    const records = packed(staging)
    expect(records.length).toBe(2001)
    expect(records.slice(0, 2000).every(({ key, data }, i) => key === `k${i}` && data === `v${i}`)).toBe(true)
    expect(records[2000]?.data.length).toBe(10 * MiB - 3)
  })

  it.each([
    ['a bad key', ['', 'data', undefined]],
    ['a bad hash key', ['key', 'data', 'x']],
    ['a payload that is too large with its key', ['key', 'x'.repeat(98), undefined]],
    ['a text whose UTF-8 is too large', ['key', 'ü'.repeat(50), undefined]],
    ['a payload that is too large by itself', ['key', new Uint8Array(5000), undefined]],
  ] as const)('is as before after it refused %s', (_what, [key, payload, hashKey]) => {
    const staging = new Staging()
    staging.add('a', '1', undefined, 100)
    expect(() => staging.add(key, payload, hashKey, 100)).toThrow()
    staging.add('b', '2', undefined, 100)
    expect(packed(staging).map(({ key: k, data }) => k + data)).toEqual(['a1', 'b2'])
  })

  it('goes by the real length of bytes, whatever a subclass answers', () => {
    class Liar extends Uint8Array {
      override get length(): number {
        return Number.NaN
      }
    }
    const staging = new Staging()
    staging.add('a', new Liar(40).fill(0x78), undefined, 100)
    staging.add('b', 'behind', undefined, 100)
    expect(() => staging.add('c', new Liar(101), undefined, 100)).toThrow(/101/)
    expect(packed(staging).map(({ data }) => data)).toEqual(['x'.repeat(40), 'behind'])
  })

  it('refuses bytes that are gone, and does not take them for an empty payload', () => {
    const staging = new Staging()
    const transferred = new Uint8Array(8)
    structuredClone(transferred.buffer, { transfer: [transferred.buffer] })
    const resizable = new ResizableBuffer(16, { maxByteLength: 16 })
    const cutOff = new Uint8Array(resizable, 8, 8)
    resizable.resize(4)
    for (const gone of [transferred, cutOff]) {
      expect(() => staging.add('k', gone, undefined, 100)).toThrow(/data must be bytes that are still there/)
    }
    staging.add('k', new Uint8Array(resizable), undefined, 100)
    expect(packed(staging).map(({ data }) => data)).toEqual(['\0\0\0\0'])
  })

  it('takes a record of exactly the limit', () => {
    const staging = new Staging()
    staging.add('kéy', 'ü'.repeat(48), undefined, 100)
    expect(staging.columns[Column.dataBytes]).toBe(96)
  })

  it('does not keep a buffer that one large batch made large', () => {
    const pool = new StagingPool()
    const staging = pool.take()
    staging.add('k', new Uint8Array(10 * MiB - 1), undefined, 10 * MiB)
    pool.give(staging)
    expect(pool.take()).toBe(staging)
    expect(staging.bytes.length).toBeLessThan(MiB)
    expect(staging.count).toBe(0)
  })
})
