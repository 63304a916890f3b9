// Puts numbered records into a stream of a store and delivers them to a folder until it is killed, or, with `drain`, delivers
// what is there and ends. Says on standard output which records are acknowledged.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterHolding, systemClock } from '../../../src/clock.ts'
import { MemoryBudget } from '../../../src/firehose/buffers/memory-budget.ts'
import { Delivery } from '../../../src/firehose/delivery.ts'
import type { ObjectParcel } from '../../../src/firehose/destination.ts'
import { FolderBuckets } from '../../../src/firehose/destinations/folder.ts'
import { uncompressedEncoder } from '../../../src/firehose/format/uncompressed.ts'
import { StreamSource } from '../../../src/firehose/sources/stream-source.ts'
import { open } from '../../../src/index.ts'

const [folder = '', from = '0', mode = 'put'] = process.argv.slice(2)
const store = await open(join(folder, 'store'))
const stream = store.listStreams().some(({ name }) => name === 'direct')
  ? store.stream('direct')
  : await store.createStream('direct')
const positionFile = join(folder, 'position.json')

/** Something is always on its way. */
class SlowBuckets extends FolderBuckets {
  override async deliver(parcel: ObjectParcel, signal: AbortSignal): Promise<void> {
    await pause(200)
    await super.deliver(parcel, signal)
  }
}

const delivery = new Delivery({
  state: {
    key: { account: '000000000000', region: 'us-east-1', name: 'kills' },
    kind: 'delivery-stream',
    id: '3b6d5c1e-0000-4000-8000-000000000002',
    createdAtMs: 0,
    updatedAtMs: 0,
    versionId: 1,
    configuration: {
      source: { kind: 'direct' },
      processing: {},
      destination: {
        kind: 'objects',
        partitioned: false,
        target: {
          bucket: 'landing',
          prefix: '',
          errorPrefix: '',
          buffering: { bytes: 512 * 1024, ms: 100 },
          compression: 'UNCOMPRESSED',
          fileExtension: '',
          timeZone: 'UTC',
        },
      },
    },
    document: undefined,
    tags: {},
    creatingUntilMs: 0,
  },
  source: new StreamSource({ open: () => stream, fromMs: 0, direct: true }),
  loadPosition: () =>
    existsSync(positionFile)
      ? (JSON.parse(readFileSync(positionFile, 'utf8')) as Record<string, string>)
      : undefined,
  savePosition: async (position) => {
    writeFileSync(`${positionFile}.new`, JSON.stringify(position))
    renameSync(`${positionFile}.new`, positionFile)
    if (mode === 'put') process.stdout.write('saved\n')
  },
  clock: systemClock,
  options: {},
  folder: join(folder, 'spill'),
  store,
  // Little enough that buffers spill.
  memory: new MemoryBudget(48 * 1024),
  parts: {
    processor: () => absent('processor'),
    naming: () => ({
      partitionOf: () => '',
      key: () => randomUUID(),
      errorKey: () => `errors-${randomUUID()}`,
    }),
    objects: () => new SlowBuckets({ folder: join(folder, 'buckets'), clock: systemClock }),
    receiver: () => absent('receiver'),
    encoder: () => uncompressedEncoder,
    converter: () => absent('converter'),
    uuid: randomUUID,
    random: Math.random,
  },
})
delivery.start()

if (mode === 'drain') {
  await delivery.flush()
  await delivery.stop({ flush: true })
  await store.close()
} else {
  for (let number = Number(from); ; number += 20) {
    const numbers = Array.from({ length: 20 }, (_, index) => number + index)
    const results = await stream.putBatch(
      numbers.map((each) => ({
        partitionKey: 'key',
        data: Buffer.from(`${each} ${'x'.repeat(each % 900)}\n`),
      })),
    )
    if (results.every(({ ok }) => ok)) process.stdout.write(`${number + 19}\n`)
    // A pace at which buffers come of age before they are full.
    await pause(5)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    afterHolding(ms, resolve)
  })
}

function absent(part: string): never {
  throw new Error(`no ${part} is needed`)
}
