import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../../src/errors.ts'
import type { ObjectTarget } from '../../../src/firehose/configuration.ts'
import { checkedNaming, type NamingRules } from '../../../src/firehose/naming/checked-naming.ts'
import { naming, target } from './target.ts'

const plain: NamingRules = { partitionedByQuery: false, partitionedByLambda: false }
const byQuery: NamingRules = {
  partitionedByQuery: true,
  partitionedByLambda: false,
  queryKeys: ['airport', 'day'],
}
const byLambda: NamingRules = { partitionedByQuery: false, partitionedByLambda: true }
const errorPrefix = 'e/!{firehose:error-output-type}/'

/** Which field is refused, and with what rule. */
function refusal(given: Partial<ObjectTarget>, rules = plain): { field: unknown; rule: string } | undefined {
  try {
    checkedNaming(target(given), rules)
    return undefined
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    expect(error.code).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    return { field: error.details.field, rule: String(error.details.rule) }
  }
}

describe('names that are right', () => {
  it.each<[string, Partial<ObjectTarget>, NamingRules]>([
    ['nothing given', {}, plain],
    ['a prefix without expressions', { prefix: 'logs/' }, plain],
    ['an error prefix without expressions', { errorPrefix: 'errors/' }, plain],
    ['timestamps', { prefix: '!{timestamp:yyyy/MM}/', errorPrefix }, plain],
    [
      'random texts',
      { prefix: '!{firehose:random-string}', errorPrefix: `!{firehose:random-string}${errorPrefix}` },
      plain,
    ],
    ['a key of the query', { prefix: '!{partitionKeyFromQuery:airport}/', errorPrefix }, byQuery],
    ['a key of the transformation', { prefix: '!{partitionKeyFromLambda:x y}/', errorPrefix }, byLambda],
    ['an extension', { fileExtension: `.json.gz!-_*'()` }, plain],
    ['a zone', { timeZone: 'America/Argentina/Buenos_Aires' }, plain],
    ['a name of a zone of old', { timeZone: 'US/Eastern' }, plain],
    ['512 characters', { prefix: 'p'.repeat(512 - 'yyyy/MM/dd/HH/'.length), errorPrefix: 'e/' }, plain],
  ])('are taken: %s', (_, given, rules) => {
    expect(refusal(given, rules)).toBeUndefined()
  })
})

describe('names that are wrong', () => {
  it.each<[string, RegExp, Partial<ObjectTarget>, NamingRules]>([
    ['prefix', /\} ends it/, { prefix: 'a/!{timestamp:yyyy', errorPrefix }, plain],
    ['prefix', /!\{namespace:value\}/, { prefix: '!{timestamp}', errorPrefix }, plain],
    ['prefix', /!\{namespace:value\}/, { prefix: '!{timestamp:}', errorPrefix }, plain],
    ['prefix', /!\{namespace:value\}/, { prefix: '!{}', errorPrefix }, plain],
    ['prefix', /namespaces are/, { prefix: '!{Timestamp:yyyy}', errorPrefix }, plain],
    ['prefix', /namespaces are/, { prefix: '!{ timestamp:yyyy}', errorPrefix }, plain],
    ['prefix', /values of firehose/, { prefix: '!{firehose:random}', errorPrefix }, plain],
    ['prefix', /letter b/, { prefix: '!{timestamp:yyyy/b}', errorPrefix }, plain],
    ['prefix', /quote/, { prefix: `!{timestamp:'}'yyyy}`, errorPrefix }, plain],
    [
      'prefix',
      /letter z: names of zones/,
      { prefix: '!{timestamp:z}', errorPrefix, timeZone: 'Europe/Vienna' },
      plain,
    ],
    ['prefix', /letter B, whose texts/, { prefix: '!{timestamp:B}', errorPrefix }, plain],
    ['prefix', /stands for nothing but/, { prefix: '!{partitionKeyFromQuery:a!{b}', errorPrefix }, byQuery],
    ['prefix', /pads H to 1/, { prefix: '!{timestamp:pH}', errorPrefix }, plain],
    ['prefix', /for the error prefix/, { prefix: '!{firehose:error-output-type}', errorPrefix }, plain],
    ['prefix', /nothing finds/, { prefix: '!{partitionKeyFromQuery:airport}', errorPrefix }, plain],
    ['prefix', /nothing finds/, { prefix: '!{partitionKeyFromQuery:airport}', errorPrefix }, byLambda],
    ['prefix', /nothing finds/, { prefix: '!{partitionKeyFromLambda:airport}', errorPrefix }, byQuery],
    ['prefix', /finds airport, day/, { prefix: '!{partitionKeyFromQuery:country}', errorPrefix }, byQuery],
    ['prefix', /names partitions/, { prefix: '!{timestamp:yyyy}', errorPrefix }, byQuery],
    ['prefix', /512/, { prefix: 'p'.repeat(513 - 'yyyy/MM/dd/HH/'.length), errorPrefix: 'e/' }, plain],
    ['prefix', /512/, { prefix: `${'p'.repeat(502)}!{firehose:random-string}`, errorPrefix }, plain],
    ['prefix', /1024 bytes/, { prefix: '€'.repeat(400), errorPrefix: 'e/' }, plain],
    ['errorPrefix', /given/, { prefix: '!{timestamp:yyyy}' }, plain],
    ['errorPrefix', /error-output-type/, { errorPrefix: '!{timestamp:yyyy}/' }, plain],
    [
      'errorPrefix',
      /for the prefix/,
      { errorPrefix: `${errorPrefix}!{partitionKeyFromQuery:airport}` },
      byQuery,
    ],
    ['errorPrefix', /512/, { errorPrefix: 'e'.repeat(500) }, plain],
    ['timeZone', /time zone/, { timeZone: 'Europe/Wien' }, plain],
    ['timeZone', /time zone/, { timeZone: '' }, plain],
    ['timeZone', /time zone/, { timeZone: '+01:00' }, plain],
    ['fileExtension', /full stop/, { fileExtension: 'gz' }, plain],
    ['fileExtension', /full stop/, { fileExtension: '.' }, plain],
    ['fileExtension', /full stop/, { fileExtension: '.GZ' }, plain],
    ['fileExtension', /full stop/, { fileExtension: './x' }, plain],
    ['fileExtension', /full stop/, { fileExtension: `.${'x'.repeat(128)}` }, plain],
  ])('are refused: %s, %s', (field, rule, given, rules) => {
    const complete =
      rules === byQuery && given.prefix === undefined ? { prefix: '!{partitionKeyFromQuery:day}' } : {}
    const refused = refusal({ ...complete, ...given }, rules)
    expect(refused?.field).toBe(field)
    expect(refused?.rule).toMatch(rule)
  })

  it('are refused or can be printed, whatever the text', () => {
    const bit = fc.constantFrom(
      '!{',
      '}',
      ':',
      'timestamp',
      'firehose',
      'random-string',
      "'",
      '[',
      ']',
      'yyyy',
      'p',
      'H',
      'X',
      '/',
      '{',
    )
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 14 }), fc.integer({ min: 0, max: 4e12 }), (bits, ms) => {
        const given = { prefix: bits.join(''), errorPrefix, timeZone: 'Asia/Kathmandu' }
        if (refusal(given) !== undefined) return
        const key = naming(given).key(undefined, ms, '')
        expect(key.includes('!{') && key.includes(':')).toBe(false)
      }),
      { numRuns: 150 },
    )
  })
})
