import { describe, expect, it } from 'vitest'
import { nameOfChannel } from '../../../src/firehose/channel-key.ts'
import type { DeliveryStreamState } from '../../../src/firehose/delivery-stream-state.ts'
import { checkedKeyTemplate, defaultKeyTemplate } from '../../../src/firehose/naming/key-template.ts'
import { namingOf } from '../../../src/firehose/naming/naming-of.ts'
import { target, uuid } from './target.ts'

const ms = Date.parse('2026-11-28T23:04:05.678Z')

const state: DeliveryStreamState = {
  key: { account: '000000000000', region: 'us-east-1', name: nameOfChannel('flights') },
  kind: 'channel',
  id: 'the-id',
  createdAtMs: 0,
  updatedAtMs: 0,
  versionId: 2,
  configuration: {
    source: { kind: 'direct' },
    processing: {},
    destination: { kind: 'objects', target: target(), partitioned: false },
  },
  document: undefined,
  tags: {},
  creatingUntilMs: 0,
}

function naming(keyTemplate: string | undefined, errorPrefix = ''): ReturnType<typeof namingOf> {
  return namingOf(
    target({ keyTemplate, errorPrefix }),
    state,
    (characters) => 'r'.repeat(characters),
    () => uuid,
  )
}

describe('keys of a channel', () => {
  it.each([
    [undefined, `kinesis-channel/flights/the-id/2026/11/28/23/flights-the-id-2026-11-28-23-04-${uuid}.gz`],
    ['data', `data-${uuid}`],
    ['!{channel-name}/!{YY}!{extension}', `flights/26-${uuid}.gz`],
    ['a/!{extension}/!{mm}', `a/.gz/04-${uuid}`],
    ['a!b{c}/x', `a!b{c}/x-${uuid}`],
  ])('are made by the template %j, with something of their own', (template, expected) => {
    expect(naming(template).key(undefined, ms, '.gz')).toBe(expected)
  })

  it('of failed records have a prefix that tells the channel, or the one that was chosen', () => {
    const file = `processing-failed/2026/11/28/23/flights-2-2026-11-28-23-04-05-${uuid}`
    expect(naming(undefined).errorKey('processing-failed', ms)).toBe(
      `kinesis-channel/errors/flights/the-id/${file}`,
    )
    expect(naming(undefined, 'dead/').errorKey('processing-failed', ms)).toBe(`dead/${file}`)
  })

  it('of failed records have 11 characters for a random text', () => {
    const prefix = '!{firehose:random-string}/!{firehose:error-output-type}/'
    expect(naming(undefined, prefix).errorKey('processing-failed', ms)).toBe(
      `rrrrrrrrrrr/processing-failed/flights-2-2026-11-28-23-04-05-${uuid}`,
    )
  })

  it('never have partitions', () => {
    expect(naming(undefined).partitionOf({ query: { a: 'b' }, lambda: {} })).toBe('')
  })
})

describe('a template of keys', () => {
  it.each([
    ['', /1 to 1,024/],
    ['a b', /1 to 1,024/],
    ['é', /1 to 1,024/],
    ['x'.repeat(1025), /1 to 1,024/],
    ['/a', /neither begins nor ends/],
    ['a/', /neither begins nor ends/],
    ['a/../b', /no \.\. or/],
    ['a./b', /no \.\. or/],
    ['!{yyyy', /} ends it/],
    ['!{ss}', /unlike !\{ss\}/],
    ['!{timestamp:yyyy}', /unlike/],
    ['!{constructor}', /unlike/],
    ['x'.repeat(1024), /1024 bytes/],
    ['!{channel-name}'.repeat(8), /1024 bytes/],
  ])('is refused: %j', (template, rule) => {
    expect(() => checkedKeyTemplate('OutputKeyTemplate', template, 128)).toThrow(rule)
  })

  it('is taken if its keys have 1,024 bytes at most', () => {
    const used = `-${uuid}`.length
    expect(() => checkedKeyTemplate('OutputKeyTemplate', 'x'.repeat(1024 - used), 1)).not.toThrow()
    expect(() => checkedKeyTemplate('OutputKeyTemplate', 'x'.repeat(1025 - used), 1)).toThrow()
    expect(() => checkedKeyTemplate('OutputKeyTemplate', defaultKeyTemplate, 128)).not.toThrow()
  })
})
