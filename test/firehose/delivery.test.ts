import { describe, expect, it } from 'vitest'
import type { DeliveryConfiguration } from '../../src/firehose/configuration.ts'
import { hourMs, KiB, minuteMs } from '../../src/units.ts'
import { DeliveryRig, settled, target, toFunction, toObjects } from './delivery-rig.ts'
import { hinted, kilobyte, partitioned, sorting } from './sorted-records.ts'

describe('the buffer of a delivery to objects', () => {
  it('is delivered when it is as old as the hint, counted from its first record', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(4 * KiB, 60_000) })
    await rig.start()
    await rig.clock.advance(7)
    await rig.put('a')
    await rig.clock.advance(30_000)
    await rig.put('b')
    await rig.clock.advance(29_999)
    expect(rig.objects.in('landing')).toEqual([])
    await rig.clock.advance(1)
    expect(rig.objects.in('landing')).toEqual(['ab'])
    expect(rig.objects.deliveredAtMs).toEqual([60_007])
  })

  it('is delivered at once when it is as large as the hint', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(3 * KiB, 60_000) })
    await rig.start()
    await rig.put(kilobyte, kilobyte)
    expect(rig.objects.objects.size).toBe(0)
    await rig.put(kilobyte)
    expect(rig.objects.in('landing').map((text) => text.length)).toEqual([3 * KiB])
  })

  it('is closed before a record that would make it larger than the hint', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(2 * KiB, 60_000) })
    await rig.start()
    await rig.put(`${kilobyte}.`, kilobyte)
    expect(rig.objects.in('landing').map((text) => text.length)).toEqual([KiB + 1])
    await rig.delivery.flush()
    expect(rig.objects.in('landing').map((text) => text.length)).toEqual([KiB + 1, KiB])
  })

  it('takes a record that is larger than the hint alone', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(100, 60_000) })
    await rig.start()
    await rig.put('a', kilobyte, 'b')
    await rig.delivery.flush()
    expect(rig.objects.in('landing')).toEqual(['a', kilobyte, 'b'])
  })

  it('is delivered with each batch of the source where there is no time to wait', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(4 * KiB, 0) })
    await rig.start()
    await rig.put('a', 'b')
    await rig.put('c')
    expect(rig.objects.in('landing')).toEqual(['ab', 'c'])
    expect(rig.clock.pending).toBeLessThanOrEqual(1)
  })
})

describe('partitions', () => {
  it('have buffers of their own, and keep the order of their records', async () => {
    await using rig = new DeliveryRig({ configuration: partitioned, processor: sorting })
    await rig.start()
    await rig.put('vie:1', 'lhr:1', 'vie:2', 'lhr:2', 'vie:3')
    expect(rig.delivery.stats().partitionCount).toBe(2)
    await rig.clock.advance(minuteMs)
    expect(rig.objects.in('landing')).toEqual(['vie:1vie:2vie:3', 'lhr:1lhr:2'])
    expect(rig.delivery.stats()).toMatchObject({ partitionCount: 0, bufferedRecords: 0, dataFreshnessMs: 0 })
  })

  it('are at most five hundred: other records fail until one was delivered', async () => {
    await using rig = new DeliveryRig({ configuration: partitioned, processor: sorting })
    await rig.start()
    await rig.put(...Array.from({ length: 501 }, (_, index) => `p${index}:x`), 'p7:y')
    await settled()
    expect(rig.delivery.stats()).toMatchObject({ partitionCount: 500, failedRecords: 1 })
    expect(rig.delivery.stats().metrics.PartitionCountExceeded).toBe(1)
    await rig.delivery.flush()
    expect(rig.objects.in('landing')).toHaveLength(500)
    expect(rig.objects.failed('landing')).toMatchObject([
      { errorCode: 'DynamicPartitioning.ActivePartitionExceeded', rawData: btoa('p500:x') },
    ])
    expect([...rig.objects.objects.keys()].some((key) => key.includes('/activePartitionExceeded/'))).toBe(
      true,
    )
    await rig.put('p500:z')
    await rig.delivery.flush()
    expect(rig.objects.in('landing').at(-1)).toBe('p500:z')
  })

  it('get no record whose keys name none', async () => {
    await using rig = new DeliveryRig({ configuration: partitioned, processor: sorting })
    await rig.start()
    await rig.put('?', 'vie:1')
    await rig.delivery.flush()
    expect(rig.objects.in('landing')).toEqual(['vie:1'])
    expect(rig.objects.failed('landing')).toMatchObject([
      {
        errorCode: 'DynamicPartitioning.MetadataExtractionFailed',
        errorMessage: 'no key',
        rawData: btoa('?'),
      },
    ])
  })
})

describe('records that a processing refused', () => {
  it('go to the error output as lines of JSON, with what AWS says of them', async () => {
    await using rig = new DeliveryRig({ configuration: partitioned, processor: sorting })
    await rig.start()
    const arrivalTimestamp = rig.clock.nowMs()
    await rig.put('!bad', '-gone', 'vie:1')
    await rig.clock.advance(minuteMs)
    expect(rig.objects.failed('landing')).toEqual([
      {
        attemptsMade: 4,
        arrivalTimestamp,
        errorCode: 'Lambda.FunctionError',
        errorMessage: 'threw',
        attemptEndingTimestamp: arrivalTimestamp,
        rawData: btoa('!bad'),
        lambdaArn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
      },
    ])
    expect(rig.delivery.stats()).toMatchObject({ droppedRecords: 1, failedRecords: 1 })
    expect(rig.log).toMatchObject([
      { errorCode: 'Lambda.FunctionError', destination: 'arn:aws:s3:::landing' },
    ])
  })
})

describe('a destination of objects that fails', () => {
  it('is tried again after 1, 2, 4 seconds and so on, at most 120, with the same key', async () => {
    await using rig = new DeliveryRig()
    const keys = new Set<string>()
    const atMs: number[] = []
    rig.objects.conduct = ({ key }) => {
      keys.add(key)
      atMs.push(rig.clock.monotonicMs() - minuteMs)
      return atMs.length < 10 ? 'fail' : 'take'
    }
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(hourMs)
    expect(atMs.map((ms) => ms / 1000)).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 247, 367])
    expect(keys.size).toBe(1)
    expect(rig.objects.in('landing')).toEqual(['a'])
    expect(rig.log).toHaveLength(9)
  })

  it('is given up after 24 hours: its records go to the error output', async () => {
    await using rig = new DeliveryRig()
    rig.objects.conduct = ({ key }) => (key.startsWith('errors/') ? 'take' : 'fail')
    await rig.start()
    await rig.put('a', 'b')
    await rig.clock.advance(minuteMs + 24 * hourMs - 120_000)
    expect(rig.objects.objects.size).toBe(0)
    await rig.clock.advance(240_000 + minuteMs)
    expect(rig.objects.failed('landing')).toMatchObject([
      { rawData: btoa('a'), errorCode: 'S3.InternalError' },
      { rawData: btoa('b') },
    ])
    expect(rig.position).toEqual({ shard: '2' })
  })

  it('is given up sooner where the configuration says so', async () => {
    const { destination } = toObjects
    const configuration = {
      ...toObjects,
      destination: { ...destination, retryMs: 10_000 },
    } as DeliveryConfiguration
    await using rig = new DeliveryRig({ configuration })
    rig.objects.conduct = ({ key }) => (key.startsWith('errors/') ? 'take' : 'fail')
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(5 * minuteMs)
    expect(rig.objects.failed('landing')).toMatchObject([{ rawData: btoa('a') }])
  })

  it('is not tried again if that is of no use', async () => {
    await using rig = new DeliveryRig()
    rig.objects.conduct = ({ key }) => (key.startsWith('errors/') ? 'take' : 'refuse')
    await rig.start()
    await rig.put('a')
    await rig.delivery.flush()
    expect(rig.objects.failed('landing')).toMatchObject([{ attemptsMade: 1, errorCode: 'S3.AccessDenied' }])
  })

  it('is tried for ever with failed records, which have no other place', async () => {
    await using rig = new DeliveryRig()
    let down = true
    rig.objects.conduct = ({ key }) => (key.startsWith('errors/') && !down ? 'take' : 'refuse')
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(72 * hourMs)
    expect(rig.objects.objects.size).toBe(0)
    expect(rig.position).toBeUndefined()
    down = false
    await rig.clock.advance(120_000)
    expect(rig.objects.failed('landing')).toHaveLength(1)
    await rig.clock.advance(1000)
    expect(rig.position).toEqual({ shard: '1' })
  })

  it('that does not answer is given up after a while, and tried again', async () => {
    await using rig = new DeliveryRig()
    rig.objects.conduct = () => (rig.objects.attempts === 1 ? 'hang' : 'take')
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(15 * minuteMs)
    expect(rig.objects.attempts).toBe(1)
    await rig.clock.advance(minuteMs + 1000)
    expect(rig.objects.in('landing')).toEqual(['a'])
  })

  it('stops the reading when what may be delivered at once is not, and one more buffer is full', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(4, 60_000) })
    rig.objects.conduct = () => 'fail'
    await rig.start()
    await rig.put(...'abcdefghijklmnopqrstuvwxyz')
    await rig.clock.advance(600_000)
    // Four buffers on their way at most, one that fills, and none of the batch that follows.
    const { handedOut } = rig.source
    expect(handedOut).toBeLessThanOrEqual(20)
    expect(rig.delivery.stats().bufferedRecords).toBe(handedOut)
    await rig.clock.advance(600_000)
    expect(rig.source.handedOut).toBe(handedOut)
    rig.objects.conduct = () => 'take'
    await rig.clock.advance(120_000)
    await rig.delivery.flush()
    expect(rig.objects.in('landing').join('')).toBe('abcdefghijklmnopqrstuvwxyz')
  })
})

describe('a destination of objects that is slow', () => {
  it('gets several objects of a partition at once', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(4, 60_000) })
    rig.objects.conduct = () => 'hang'
    await rig.start()
    await rig.put(...'abcdefghijklmnopqrstuvwxyz')
    expect(rig.objects.underWay).toBe(4)
    expect(rig.source.handedOut).toBe(20)
  })

  it('gets one at a time while half of the memory is taken', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(4, 60_000), memoryBytes: 100 * KiB })
    rig.objects.conduct = () => 'hang'
    await rig.start()
    const others = Array.from({ length: 3 }, () => rig.memory.take(16 * KiB))
    await rig.put(...'abcdefghijklmnopqrstuvwxyz')
    expect(rig.objects.underWay).toBe(1)
    expect(rig.source.handedOut).toBe(8)
    for (const slab of others) rig.memory.give(slab, true)
  })
})

describe('a destination of records', () => {
  it('gets parcels within its limits, in order', async () => {
    await using rig = new DeliveryRig({ configuration: toFunction })
    await rig.start()
    await rig.put('a', 'b', 'c', 'd', 'e', 'f', 'g')
    await rig.clock.advance(minuteMs)
    expect(rig.receiver.parcels.map(({ texts }) => texts.join(''))).toEqual(['abc', 'def', 'g'])
    expect(rig.delivery.stats().metrics['DeliveryToFunction.Records']).toBe(7)
  })

  it('gets again only what it refused, in order and under the same id', async () => {
    await using rig = new DeliveryRig({ configuration: toFunction })
    rig.receiver.recordsMax = 10
    rig.receiver.conduct = () => (rig.receiver.parcels.length < 3 ? 'half' : 'take')
    await rig.start()
    await rig.put('a', 'b', 'c', 'd', 'e')
    await rig.clock.advance(2 * minuteMs)
    expect(rig.receiver.parcels.map(({ texts }) => texts.join(''))).toEqual(['abcde', 'ac', 'a'])
    expect(new Set(rig.receiver.parcels.map(({ id }) => id)).size).toBe(1)
    expect(rig.receiver.parcels.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  })

  it('that fails for as long as it is tried loses its records to the error output, and goes on', async () => {
    await using rig = new DeliveryRig({ configuration: toFunction })
    rig.receiver.conduct = (texts) => (texts.includes('a') ? 'fail' : 'take')
    await rig.start()
    await rig.put('a', 'b', 'c', 'd')
    await rig.clock.advance(3 * minuteMs)
    expect(rig.receiver.received).toEqual(['d'])
    expect(rig.objects.failed('backup')).toMatchObject([
      { rawData: btoa('a'), errorCode: 'Function.Failed', attemptsMade: 6 },
      { rawData: btoa('b') },
      { rawData: btoa('c') },
    ])
    expect([...rig.objects.objects.keys()][0]).toContain('errors/function-failed/')
  })

  it('that refuses a record for good never sees it again', async () => {
    await using rig = new DeliveryRig({ configuration: toFunction })
    const refusal = { index: 1, again: false, code: 'Function.TooLarge', message: 'too large' }
    rig.receiver.conduct = (texts) => (texts.includes('b') ? [refusal, { ...refusal, index: 99 }] : 'take')
    await rig.start()
    await rig.put('a', 'b', 'c')
    await rig.delivery.flush()
    expect(rig.receiver.received).toEqual(['a', 'c'])
    expect(rig.objects.failed('backup')).toMatchObject([
      { rawData: btoa('b'), errorCode: 'Function.TooLarge' },
    ])
  })

  it('gets records with their origins, also across the borders of memory', async () => {
    await using rig = new DeliveryRig({ configuration: { ...toFunction } })
    rig.receiver.recordsMax = 1000
    await rig.start()
    const texts = Array.from({ length: 200 }, (_, index) => `${index}${'x'.repeat(index * 7)}`)
    await rig.put(...texts)
    await rig.delivery.flush()
    expect(rig.receiver.received).toEqual(texts)
  })
})

describe('a backup of all records', () => {
  it('gets them as they came, and holds the position until they are safe there', async () => {
    const { destination } = partitioned
    if (destination.kind !== 'objects') throw new Error('objects')
    const backup = { ...target, bucket: 'backup', buffering: { bytes: 4 * KiB, ms: 2 * minuteMs } }
    const configuration = { ...partitioned, destination: { ...destination, backup } }
    await using rig = new DeliveryRig({ configuration, processor: sorting })
    await rig.start()
    await rig.put('vie:1', '-gone', 'lhr:1')
    await rig.clock.advance(minuteMs + 1000)
    expect(rig.objects.in('landing')).toEqual(['vie:1', 'lhr:1'])
    expect(rig.position).toBeUndefined()
    await rig.clock.advance(minuteMs)
    expect(rig.objects.in('backup')).toEqual(['vie:1-gonelhr:1'])
    expect(rig.position).toEqual({ shard: '3' })
    expect(rig.delivery.stats().metrics['BackupToS3.Records']).toBe(3)
  })
})
