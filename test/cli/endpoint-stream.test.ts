import * as sdk from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { EndpointStream, type EndpointStreamOptions } from '../../src/cli/endpoint/endpoint-stream.ts'
import type { Patience } from '../../src/cli/endpoint/pacing.ts'

/** Waits as short as a timer is, four times. */
const impatient: Patience = { firstPauseMs: 1, longestPauseMs: 1, pausesMax: 4 }

/** Answers an operation, by what was asked and how often. */
type Script = Readonly<Record<string, (input: never, call: number) => unknown>>

/** Answers each call as it is told, by its operation, and keeps what was asked. */
class ScriptedClient {
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever operation it is
  readonly asked: any[] = []
  readonly #answers: Script
  readonly #calls: Map<string, number> = new Map()

  constructor(answers: Script) {
    this.#answers = answers
  }

  calls(operation: string): number {
    return this.#calls.get(operation) ?? 0
  }

  async send(command: { readonly input: object }): Promise<unknown> {
    const operation = command.constructor.name.replace(/Command$/, '')
    const call = this.calls(operation) + 1
    this.#calls.set(operation, call)
    this.asked.push({ operation, ...command.input })
    return this.#answers[operation]?.(command.input as never, call) ?? {}
  }

  stream(options: EndpointStreamOptions = {}): EndpointStream {
    const client = this as unknown as sdk.KinesisClient
    return new EndpointStream(sdk, client, 'clicks', { patience: impatient, ...options })
  }
}

function fails(name: string): never {
  throw Object.assign(new Error(`${name} as AWS has it`), { name })
}

const two = ['one', 'two'].map((text) => ({ partitionKey: 'k', data: Buffer.from(text) }))

/** A shard of three pages, one record each, whose iterators are the numbers of the pages. */
function shardOf(interrupt: (iterator: string, call: number) => void): ScriptedClient {
  return new ScriptedClient({
    GetShardIterator: (input: sdk.GetShardIteratorCommandInput) => ({
      ShardIterator: input.StartingSequenceNumber ?? '0',
    }),
    GetRecords: ({ ShardIterator = '' }: sdk.GetRecordsCommandInput, call: number) => {
      interrupt(ShardIterator, call)
      const at = Number(ShardIterator)
      const Records = at < 3 ? [{ SequenceNumber: String(at + 1), Data: Buffer.from(`page ${at}`) }] : []
      return { Records, NextShardIterator: String(Math.min(at + 1, 3)), MillisBehindLatest: at < 3 ? 1 : 0 }
    },
  })
}

/** The data of a read of its one shard to the end. */
async function readAll(client: ScriptedClient): Promise<string[]> {
  const read: string[] = []
  const { signal } = new AbortController()
  const shardId = 'shardId-000000000000'
  for await (const batch of client.stream().readBatches({ from: 'oldest', until: 'tail', shardId, signal })) {
    for (let index = 0; index < batch.length; index++) read.push(Buffer.from(batch.bytes(index)).toString())
  }
  return read
}

const pages = ['page 0', 'page 1', 'page 2']

describe('reading from an endpoint', () => {
  it('goes on after calls that are refused for now, and loses and repeats nothing', async () => {
    const client = shardOf((_iterator, call) => {
      if (call % 3 !== 0) fails('ProvisionedThroughputExceededException')
    })
    expect(await readAll(client)).toEqual(pages)
  })

  it('begins again behind the last record when an iterator has expired', async () => {
    const client = shardOf((iterator, call) => {
      if (iterator === '2' && call === 3) fails('ExpiredIteratorException')
    })
    expect(await readAll(client)).toEqual(pages)
    expect(client.asked.filter(({ operation }) => operation === 'GetShardIterator')).toMatchObject([
      { ShardIteratorType: 'TRIM_HORIZON' },
      { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: '2' },
    ])
  })

  it('waits when iterators are refused for now', async () => {
    const refusing = shardOf(() => {})
    const client = new ScriptedClient({
      GetRecords: (input: never) => refusing.send(new sdk.GetRecordsCommand(input)),
      GetShardIterator: (_input: never, call: number) =>
        call < 3 ? fails('ProvisionedThroughputExceededException') : { ShardIterator: '0' },
    })
    expect(await readAll(client)).toEqual(pages)
  })

  it.each([
    ['ProvisionedThroughputExceededException', impatient.pausesMax + 1],
    ['ExpiredIteratorException', impatient.pausesMax + 1],
    ['ResourceNotFoundException', 1],
  ])('fails with %s when that is all it gets, after %d calls', async (name, calls) => {
    const client = shardOf(() => fails(name))
    await expect(readAll(client)).rejects.toThrow(name)
    expect(client.calls('GetRecords')).toBe(calls)
  })
})

describe('putting to an endpoint', () => {
  const refused = { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' }
  const stored = { SequenceNumber: '1', ShardId: 'shardId-000000000000' }

  it('puts again what was refused for now, and only that', async () => {
    const client = new ScriptedClient({
      PutRecords: (_input: never, call: number) => ({ Records: [[refused, stored], [stored]][call - 1] }),
    })
    expect(await client.stream().putBatch(two)).toEqual([{ ok: true }, { ok: true }])
    expect(client.asked.map(({ Records }) => Records.length)).toEqual([2, 1])
  })

  it('gives up on what is refused again and again', async () => {
    const client = new ScriptedClient({
      PutRecords: ({ Records }: sdk.PutRecordsCommandInput) => ({
        Records: Records?.map(({ Data }) =>
          Buffer.from(Data ?? '').equals(Buffer.from('one')) ? stored : refused,
        ),
      }),
    })
    const [one, other] = await client.stream().putBatch(two)
    expect(one).toEqual({ ok: true })
    expect(other).toMatchObject({ ok: false, error: { message: expect.stringContaining('InternalFailure') } })
    // The first call stored a record; what was refused in a row begins with it.
    expect(client.calls('PutRecords')).toBe(impatient.pausesMax + 1)
  })

  it('goes on for as long as something is taken', async () => {
    const client = new ScriptedClient({
      PutRecords: ({ Records }: sdk.PutRecordsCommandInput) => ({
        Records: Records?.map((_record, index) => (index === 0 ? stored : refused)),
      }),
    })
    const many = Array.from({ length: 3 * impatient.pausesMax }, () => two).flat()
    expect(await client.stream().putBatch(many)).toEqual(many.map(() => ({ ok: true })))
  })

  it('puts again what a refused call held', async () => {
    const client = new ScriptedClient({
      PutRecords: (_input: never, call: number) =>
        call === 1 ? fails('ProvisionedThroughputExceededException') : { Records: [stored, stored] },
    })
    expect(await client.stream().putBatch(two)).toEqual([{ ok: true }, { ok: true }])
  })

  it('ends with the signal, in the middle of a pause', async () => {
    const end = new AbortController()
    const client = new ScriptedClient({
      PutRecords: () => {
        setImmediate(() => end.abort())
        return { Records: [stored, refused] }
      },
    })
    const patience = { firstPauseMs: 1_000_000, longestPauseMs: 1_000_000, pausesMax: 10 }
    const results = await client.stream({ signal: end.signal, patience }).putBatch(two)
    expect(results).toMatchObject([{ ok: true }, { ok: false }])
    expect(client.calls('PutRecords')).toBe(1)
  })
})
