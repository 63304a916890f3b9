import { describe, expect, it } from 'vitest'
import { kinesisModel } from '../../../src/aws/model/model.ts'
import { inputReader } from '../../../src/aws/wire/input-reader.ts'
import { jsonForm } from '../../../src/aws/wire/json.ts'

/** An entry that counts how often its members are read. */
function counting(members: Readonly<Record<string, unknown>>, count: () => void): object {
  const entry = {}
  for (const [name, value] of Object.entries(members)) {
    const get = (): unknown => {
      count()
      return value
    }
    Object.defineProperty(entry, name, { enumerable: true, get })
  }
  return entry
}

function refusalOf(operation: string, body: object): string {
  const read = inputReader(kinesisModel, operation, kinesisModel.operations[operation]?.input ?? null)
  try {
    read(body, jsonForm)
  } catch (error) {
    return (error as Error).message
  }
  return 'none'
}

describe('a request with far too many entries', () => {
  it('is refused for their number, and no entry of a list is looked at', () => {
    let reads = 0
    const Records = Array.from({ length: 3000 }, () =>
      counting({ Data: 1, PartitionKey: '' }, () => (reads += 1)),
    )
    const refusal = refusalOf('PutRecords', { StreamName: 's', Records })
    expect(refusal).toContain('Member must have length less than or equal to 500')
    expect([refusal.split('; ').length, reads]).toEqual([1, 0])
  })

  it('is refused for their number, and only the entries of a map that are shown are looked at', () => {
    let reads = 0
    const members = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`${n}`, 7]))
    const Tags = counting(members, () => (reads += 1))
    const refusal = refusalOf('AddTagsToStream', { StreamName: 's', Tags })
    expect(refusal).toContain('Member must have length less than or equal to 200')
    expect(reads).toBeLessThan(10_000)
  })

  it('has all of its entries judged while there are not twice as many as may be', () => {
    const Records = Array.from({ length: 501 }, () => ({ Data: '', PartitionKey: '' }))
    expect(refusalOf('PutRecords', { StreamName: 's', Records }).split('; ')).toHaveLength(10)
  })
})

describe('the place that a refusal names', () => {
  const read = inputReader(kinesisModel, 'PutRecords', 'PutRecordsInput')

  function placesIn(body: object): string[] {
    try {
      read(body, jsonForm)
    } catch (error) {
      return [...(error as Error).message.matchAll(/ at '([^']*)'/g)].map(([, place]) => place ?? '')
    }
    return []
  }

  it.each([
    [{ StreamName: 's' }, ['records']],
    [{ StreamName: 's', Records: [] }, ['records']],
    [
      { StreamName: '*', Records: [{ Data: '' }, { PartitionKey: '' }] },
      ['records.2.member.data', 'records.2.member.partitionKey', 'streamName'],
    ],
    [{ StreamName: 's', Records: [null, { Data: '' }, {}] }, ['records.1.member', 'records.3.member.data']],
  ])('is that of this request, whatever was read before: %j', (body, places) => {
    expect(placesIn({ StreamName: 's', Records: [{ Data: '' }, { Data: '' }, { Data: '' }] })).toEqual([])
    expect(placesIn(body).toSorted()).toEqual(places)
  })

  it.each(['x', 'x'.repeat(256), '\u{1F600}', '\u{1F600}'.repeat(256), '\u{1F600}'.repeat(200)])(
    'is none for a key of 1 to 256 characters: %s',
    (PartitionKey) => {
      expect(placesIn({ StreamName: 's', Records: [{ Data: '', PartitionKey }] })).toEqual([])
    },
  )

  it.each(['', 'x'.repeat(257), '\u{1F600}'.repeat(257), `x${'\u{1F600}'.repeat(256)}`])(
    'is the key that has none, or more: %s',
    (PartitionKey) => {
      const places = placesIn({ StreamName: 's', Records: [{ Data: '', PartitionKey }] })
      expect(places).toEqual(['records.1.member.partitionKey'])
    },
  )
})
