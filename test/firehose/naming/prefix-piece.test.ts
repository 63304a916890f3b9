import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PrefixFault, prefixPieces } from '../../../src/firehose/naming/prefix-piece.ts'

function faultOf(prefix: string): PrefixFault | undefined {
  try {
    Array.from(prefixPieces(prefix))
    return undefined
  } catch (error) {
    if (error instanceof PrefixFault) return error
    throw error
  }
}

describe('the pieces of a prefix', () => {
  it('are texts and expressions', () => {
    expect([...prefixPieces('a}!/!{timestamp:yyyy:MM}!{firehose:x}')]).toEqual([
      { kind: 'text', text: 'a}!/' },
      { kind: 'expression', text: '!{timestamp:yyyy:MM}', namespace: 'timestamp', value: 'yyyy:MM' },
      { kind: 'expression', text: '!{firehose:x}', namespace: 'firehose', value: 'x' },
    ])
  })

  it('are none of an empty one', () => {
    expect([...prefixPieces('')]).toEqual([])
  })

  it.each(['!{', 'a!{timestamp:yyyy', '!{}', '!{:}', '!{:x}', '!{timestamp}', '!{timestamp:}', '!{x!{y:z}'])(
    'are not to be had of %j',
    (prefix) => {
      expect(faultOf(prefix)?.unknownNamespace).toBeUndefined()
      expect(faultOf(prefix)).toBeInstanceOf(PrefixFault)
    },
  )

  it.each(['Timestamp', ' timestamp', 'constructor', '__proto__'])('know no namespace %j', (namespace) => {
    expect(faultOf(`a/!{${namespace}:x}`)?.unknownNamespace).toBe(namespace)
  })

  it('join to the prefix, whatever it is', () => {
    const bit = fc.constantFrom('!{', '}', ':', 'timestamp', 'firehose', '!', '{', 'ü', '\ud800', '\0')
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 12 }), (bits) => {
        const prefix = bits.join('')
        if (faultOf(prefix) !== undefined) return
        const pieces = [...prefixPieces(prefix)]
        expect(pieces.map(({ text }) => text).join('')).toBe(prefix)
        expect(pieces.every(({ text }) => text !== '')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
