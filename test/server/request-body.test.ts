import { PassThrough } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyParts } from '../../src/server/body-parts.ts'
import { BodyTooLarge, readBody } from '../../src/server/request-body.ts'
import { MiB } from '../../src/units.ts'

async function read(
  parts: readonly Uint8Array[],
  declared: number | undefined,
  max: number,
): Promise<Uint8Array> {
  const source = new PassThrough()
  const body = readBody(source, declared, max)
  for (const part of parts) source.write(part)
  source.end()
  return body
}

describe('a body', () => {
  it('is what was sent, in however many parts and whether its length was said or not', async () => {
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(parts, fc.boolean(), async (sent, said) => {
        const whole = Buffer.concat(sent)
        const body = await read(sent, said ? whole.length : undefined, whole.length)
        expect(Buffer.from(body)).toEqual(whole)
      }),
    )
  })

  it('is what was sent, whatever the sizes of its parts', async () => {
    const sizes = fc.oneof(fc.constantFrom(1, 4095, 4096, 65_536), fc.integer({ min: 1, max: 9000 }))
    await fc.assert(
      fc.property(fc.array(sizes, { maxLength: 40 }), (lengths) => {
        const body = new BodyParts()
        const sent = lengths.map((length, at) => Buffer.alloc(length, at + 1))
        for (const part of sent) body.add(part)
        expect(Buffer.from(body.bytes(Buffer.alloc)).equals(Buffer.concat(sent))).toBe(true)
      }),
    )
  })

  it('of a million parts takes about as much memory as it is long', () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const body = new BodyParts()
    gc()
    const before = process.memoryUsage()
    for (let part = 0; part < 1_000_000; part++) body.add(Buffer.from([part & 255]))
    gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(2 * MiB)
    expect(body.bytes(Buffer.alloc).length).toBe(1_000_000)
  })

  it.each([
    ['says that it is too long', 11, ['a']],
    ['turns out too long', undefined, ['aaaaaa', 'aaaaa']],
    ['is longer than it said', 2, ['aaa']],
  ])('that %s is refused', async (_how, declared, parts) => {
    const sent = parts.map((part) => Buffer.from(part))
    await expect(read(sent, declared, 10)).rejects.toBeInstanceOf(BodyTooLarge)
  })

  it('that breaks off is refused', async () => {
    const source = new PassThrough()
    const body = readBody(source, 5, 10)
    source.write('abc')
    source.destroy()
    await expect(body).rejects.toThrow('the connection ended')
  })
})
