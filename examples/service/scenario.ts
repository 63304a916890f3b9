import {
  CreateStreamCommand,
  KinesisClient,
  ListShardsCommand,
  type PutRecordsRequestEntry,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import type { StoredRecord } from 'millrace'
import { awsRequestHandler } from 'millrace/aws'
import { drain, expectOrderPerKey, type TestStore, testStore } from 'millrace/testing'
import { flightsFile, FlightSource } from '../flights/source.ts'
import { Dawdler } from './dawdler.ts'
import { Poller } from './poller.ts'
import { Producer } from './producer.ts'

const streamName = 'flights'
/** Flights come in for so long. */
const days = 2
const hours: number = days * 24
/** The hour in which several times as much comes in at once, and that in which the stream gets more shards. */
const rushHour = 12
const reshardHour = 24
/** What comes in within the rush hour, as a share of everything. */
const rushShare = 0.3

/** What a run of the scenario claims, and whether it holds. */
export interface Claim {
  readonly text: string
  readonly holds: boolean
}

/**
 * Two days of a service: flights come in hour by hour, one consumer keeps up and one does not, one hour brings more than the
 * shards take, the stream is resharded, and in the end everything expires. The clients are those of the AWS SDK, the
 * limits those of AWS, and the two days take as long as the work does.
 *
 * @param flights how many of the flights come in
 * @param say told what happens
 */
export async function runScenario(flights: number, say: (line: string) => void): Promise<readonly Claim[]> {
  const store = await testStore({ limits: 'enforce' })
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'any' },
    requestHandler: awsRequestHandler(store),
    // The producer waits on the store's clock; the client would wait on the system's.
    maxAttempts: 1,
  })
  try {
    return await new Scenario(store, client, say).run(await entriesOf(flights))
  } finally {
    client.destroy()
    await store.close()
  }
}

class Scenario {
  readonly #store: TestStore
  readonly #client: KinesisClient
  readonly #say: (line: string) => void

  constructor(store: TestStore, client: KinesisClient, say: (line: string) => void) {
    this.#store = store
    this.#client = client
    this.#say = say
  }

  async run(entries: readonly PutRecordsRequestEntry[]): Promise<readonly Claim[]> {
    await this.#client.send(new CreateStreamCommand({ StreamName: streamName, ShardCount: 2 }))
    const producer = new Producer(this.#client, streamName, this.#store.clock)
    const poller = new Poller(this.#client, streamName)
    const dawdler = new Dawdler(this.#store.stream(streamName), this.#store.clock)
    const perVisit = Math.floor(entries.length / hours / 3)

    let from = 0
    for (let hour = 0; hour < hours; hour++) {
      if (hour === reshardHour) await this.#reshard(4)
      const to = hour === hours - 1 ? entries.length : from + hourly(entries.length, hour)
      await this.#inAnHour(producer.put(entries.slice(from, to)))
      from = to
      await poller.poll()
      await dawdler.visit(perVisit)
    }
    this.#say(
      `${producer.counts.stored} flights in ${hours} hours; ${producer.counts.throttled} entries refused at first, ` +
        `${producer.counts.pauses} pauses`,
    )
    await dawdler.visit(entries.length)
    const held = await drain(this.#store.stream(streamName))
    this.#say(`the poller has ${poller.records.length} records of ${poller.shards} shards`)
    this.#say(`the dawdler has ${dawdler.records.length} records, and was told of ${dawdler.gaps} gaps`)

    await this.#store.advance({ hours: 25 })
    const shardsLeft = await this.#shards()
    const left = await drain(this.#store.stream(streamName))
    this.#say(`a day later the stream holds ${left.length} records in ${shardsLeft} shards`)

    const missed = missedBy(dawdler, poller)
    return [
      { text: 'every flight is stored', holds: producer.counts.stored === entries.length },
      { text: 'the producer was throttled, and recovered', holds: producer.counts.throttled > 0 },
      { text: 'the poller has every flight once', holds: isEachOnce(rowsOf(poller), entries.length) },
      { text: 'in the order of each airport, through the reshard', holds: isInOrder(poller) },
      { text: 'and read from parents and children', holds: poller.shards === 6 },
      { text: 'the dawdler missed some', holds: missed.length > 0 },
      {
        text: 'but only what had expired',
        holds: missed.every((arrivedAtMs) => arrivedAtMs < dawdler.expiredBeforeMs),
      },
      { text: 'and nothing that was still there', holds: hasAll(dawdler, held) },
      { text: 'in the end everything has expired', holds: left.length === 0 && shardsLeft === 4 },
    ]
  }

  async #reshard(count: number): Promise<void> {
    await this.#client.send(
      new UpdateShardCountCommand({
        StreamName: streamName,
        TargetShardCount: count,
        ScalingType: 'UNIFORM_SCALING',
      }),
    )
    this.#say(`hour ${reshardHour}: ${count} shards`)
  }

  async #shards(): Promise<number> {
    const { Shards = [] } = await this.#client.send(new ListShardsCommand({ StreamName: streamName }))
    return Shards.length
  }

  /** Lets an hour pass, in which the work is done: it may wait for the store's clock. */
  async #inAnHour(work: Promise<void>): Promise<void> {
    const endsAtMs = this.#store.clock.nowMs() + 3_600_000
    let done = false
    const finished = work.finally(() => {
      done = true
    })
    while (!done) await this.#store.advance(50)
    await finished
    await this.#store.advance(Math.max(0, endsAtMs - this.#store.clock.nowMs()))
  }
}

/** How many flights come in within an hour. */
function hourly(flights: number, hour: number): number {
  const rush = Math.floor(flights * rushShare)
  return hour === rushHour ? rush : Math.floor((flights - rush) / (hours - 1))
}

/** The first flights of the file, as entries that say which row they are. */
async function entriesOf(flights: number): Promise<readonly PutRecordsRequestEntry[]> {
  const source = await FlightSource.open(flightsFile())
  const entries: PutRecordsRequestEntry[] = []
  for await (const page of source.pages(flights)) {
    for (let index = 0; index < page.count; index++) {
      const data = `{"row":${entries.length},"flight":${page.json(index)}}`
      entries.push({ PartitionKey: page.origins[index], Data: Buffer.from(data) })
    }
  }
  return entries
}

function rowOf(data: Uint8Array | undefined): number {
  return (JSON.parse(Buffer.from(data ?? []).toString()) as { readonly row: number }).row
}

function rowsOf(poller: Poller): readonly number[] {
  return poller.records.map(({ Data }) => rowOf(Data))
}

function isEachOnce(rows: readonly number[], count: number): boolean {
  const seen = new Set(rows)
  return rows.length === count && seen.size === count && rows.every((row) => row < count)
}

function isInOrder(poller: Poller): boolean {
  try {
    expectOrderPerKey(poller.records)
    return true
  } catch {
    return false
  }
}

function hasAll(dawdler: Dawdler, held: readonly StoredRecord[]): boolean {
  const has = new Set(dawdler.records.map(({ sequenceNumber }) => sequenceNumber))
  return held.length > 0 && held.every(({ sequenceNumber }) => has.has(sequenceNumber))
}

/** When those records arrived that the poller has and the dawdler has not. */
function missedBy(dawdler: Dawdler, poller: Poller): readonly number[] {
  const has = new Set(dawdler.records.map(({ sequenceNumber }) => String(sequenceNumber)))
  return poller.records
    .filter(({ SequenceNumber = '' }) => !has.has(SequenceNumber))
    .map(({ ApproximateArrivalTimestamp }) => ApproximateArrivalTimestamp?.getTime() ?? Number.NaN)
}
