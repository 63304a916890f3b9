import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../../src/cli/lines.ts'

/** The lines of a text, however it is cut into chunks. */
async function cut(chunks: readonly Uint8Array[], maxBytes: number): Promise<(string | null)[]> {
  const lines: (string | null)[] = []
  for await (const some of linesOf(each(chunks), maxBytes)) {
    for (const line of some) {
      expect(line.number).toBe(lines.length + 1)
      lines.push(line.kind === 'line' ? Buffer.from(line.bytes).toString('latin1') : null)
    }
  }
  return lines
}

/** Chunks as a stream gives them: the memory of each is used again for the next. */
async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.max(0, ...chunks.map(({ length }) => length)))
  for (const chunk of chunks) {
    memory.set(chunk)
    yield memory.subarray(0, chunk.length)
  }
}

describe('linesOf', () => {
  it('finds the same lines wherever the input is cut', async () => {
    const text = fc.stringMatching(/^[ab\n]{0,40}$/)
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(fc.nat(7)),
        fc.integer({ min: 1, max: 5 }),
        async (input, cuts, maxBytes) => {
          const bytes = Buffer.from(input, 'latin1')
          const chunks: Uint8Array[] = []
          let at = 0
          for (const length of cuts) {
            chunks.push(bytes.subarray(at, at + length))
            at += length
          }
          chunks.push(bytes.subarray(at))
          const lines = input.split('\n')
          if (lines.at(-1) === '') lines.pop()
          const expected = lines.map((line) => (line.length > maxBytes ? null : line))
          expect(await cut(chunks, maxBytes)).toEqual(expected)
        },
      ),
    )
  })

  it('yields the lines of a chunk before it asks for the next', async () => {
    const seen: string[] = []
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a\nb\nc')
      seen.push('asked again')
    }
    for await (const lines of linesOf(source(), 10)) seen.push(`${lines.length} lines`)
    expect(seen).toEqual(['2 lines', 'asked again', '1 lines'])
  })
})
