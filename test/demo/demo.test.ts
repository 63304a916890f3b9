import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { open, textCodec } from 'millrace'
import { describe, expect, it, vi } from 'vitest'
import { demo, figure, storeFolder, verdicts, whole } from './demo.ts'

// Each run is two processes' worth of work on the whole source; a busy machine needs a while for several.
vi.setConfig({ testTimeout: 60_000 })

const allHold = ['holds', 'holds', 'holds']

describe('the demo', () => {
  it('stores, reads with three consumers, and every verdict holds', async () => {
    const dir = await storeFolder()
    const run = await demo('--records', '20000', '--dir', dir)
    expect({ code: run.code, verdicts: verdicts(run) }).toEqual({ code: 0, verdicts: allHold })
    expect(figure(run.stdout, /from the oldest record +([\d,]+)/)).toBe(40_000)
    expect(figure(run.stdout, /tailing from the latest +([\d,]+)/)).toBe(20_000)
    const middle = figure(run.stdout, /in the middle +([\d,]+)/)
    expect(middle).toBeGreaterThan(20_000)
    expect(middle).toBeLessThan(40_000)
    expect(run.stdout).toMatch(/^store: 40,000 records, .* of 4 shards$/m)
    expect(run.stderr).toMatch(/^replay 2: [\d,]+ of 20,000 records, /m)
  })
})

describe.runIf(whole)('the demo, run after run', () => {
  it('goes on with what it finds, also when the length of a replay changes', async () => {
    const dir = await storeFolder()
    await demo('--records', '3000', '--dir', dir)
    const run = await demo('--records', '5000', '--dir', dir)
    expect({ code: run.code, verdicts: verdicts(run) }).toEqual({ code: 0, verdicts: allHold })
    expect(run.stdout).toContain('found 6,000 records: 2 complete replays')
    expect(figure(run.stdout, /from the oldest record +([\d,]+)/)).toBe(11_000)
  })

  it('holds with fewer records than shards', async () => {
    const run = await demo('--records', '1', '--dir', await storeFolder())
    expect({ code: run.code, verdicts: verdicts(run) }).toEqual({ code: 0, verdicts: allHold })
  })

  it('forgets what is there with --fresh', async () => {
    const dir = await storeFolder()
    await demo('--records', '2000', '--dir', dir)
    const run = await demo('--records', '1000', '--fresh', '--dir', dir)
    expect(run.code).toBe(0)
    expect(figure(run.stdout, /from the oldest record +([\d,]+)/)).toBe(2000)
  })

  it('starts afresh, and says why, when records are about to expire', async () => {
    const dir = await storeFolder()
    await demo('--records', '1000', '--dir', dir)
    await announce(dir, [{ records: 1000, announcedAtMs: Date.now() - 23.5 * 3_600_000 }])
    const run = await demo('--records', '1000', '--dir', dir)
    expect(run.code).toBe(0)
    expect(run.stdout).toContain('starting afresh: the first replay began 23 hours ago')
    expect(figure(run.stdout, /from the oldest record +([\d,]+)/)).toBe(2000)
  })

  it.each([
    { args: ['--records', '0'], says: '--records must be' },
    { args: ['--records', '3000001'], says: 'has 3000000 flights' },
    { args: ['--recrods', '7'], says: "'--recrods'" },
    { args: ['surplus'], says: 'surplus' },
  ])('refuses $args with 2', async ({ args, says }) => {
    const run = await demo(...args, '--dir', await storeFolder())
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(/^demo: [^\n]*\n$/)
    expect(run.stderr).toContain(says)
  })

  it('explains itself', async () => {
    const run = await demo('--help')
    expect(run.code).toBe(0)
    expect(run.stdout).toContain('Example: npm run demo -- --records 100000')
  })

  it('says in one line that a file holds no flights', async () => {
    const dir = await storeFolder()
    const file = join(await storeFolder(), '..', 'no.parquet')
    await writeFile(file, 'PAR1 nothing PAR1')
    const run = await demo('--file', file, '--dir', dir)
    expect(run.code).toBe(1)
    expect(run.stderr).toMatch(/^demo: [^\n]*\n$/)
  })
})

describe.runIf(whole)('a batch of which some shards have their part and others have not', () => {
  it('is finished by the next run, without a record twice or missing', async () => {
    const dir = await storeFolder()
    await demo('--records', '1000', '--dir', dir)
    await tamper(dir, (shards) => {
      for (const [index, shard] of shards.entries()) shard.length -= 3 + 40 * index
    })
    const run = await demo('--records', '1000', '--dir', dir)
    expect(run.stdout).toContain('replay 2 was interrupted and is finished first')
    expect({ code: run.code, verdicts: verdicts(run) }).toEqual({ code: 0, verdicts: allHold })
    expect(figure(run.stdout, /from the oldest record +([\d,]+)/)).toBe(3000)
  })
})

describe.runIf(whole)('a verdict fails', () => {
  it('when one byte of one record is not the source', async () => {
    const dir = await storeFolder()
    await demo('--records', '1000', '--dir', dir)
    await tamper(dir, (shards) => {
      const record = shards[2]?.[123]
      if (record !== undefined) record.data = record.data.replace('2001-', '2002-')
    })
    const run = await demo('--records', '1000', '--dir', dir)
    expect({ code: run.code, first: verdicts(run)[0] }).toEqual({ code: 1, first: 'DOES NOT HOLD' })
    expect(run.stdout).toMatch(/^from the oldest record: shard 2 differs in order or content: /m)
  })

  it('when two records of a shard have changed places', async () => {
    const dir = await storeFolder()
    await demo('--records', '1000', '--dir', dir)
    await tamper(dir, ([shard = []]) => shard.splice(10, 2, ...shard.slice(10, 12).toReversed()))
    const run = await demo('--records', '1000', '--dir', dir)
    expect({ code: run.code, first: verdicts(run)[0] }).toEqual({ code: 1, first: 'DOES NOT HOLD' })
    expect(run.stdout).toMatch(/^from the oldest record: shard 0 differs in order or content: /m)
  })
})

describe.runIf(whole)('the demo does not touch what is not its own:', () => {
  it('a stream of flights without announcements', async () => {
    const dir = await storeFolder()
    const store = await open(dir)
    await store.createStream('flights')
    await store.close()
    const run = await demo('--records', '1000', '--dir', dir)
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('that is not of this demo')
  })

  it('records that no replay announced', async () => {
    const dir = await storeFolder()
    await demo('--records', '1000', '--dir', dir)
    const store = await open(dir)
    await store.stream('flights').put('ATL', Buffer.from('{}'))
    await store.close()
    const run = await demo('--records', '1000', '--dir', dir)
    expect(run.code).toBe(1)
    expect(run.stderr).toMatch(/^demo: the stream is not as this demo left it: shard \d holds 1 records/m)
  })
})

/** Replaces the announcements of a store. */
async function announce(dir: string, replays: readonly Record<string, number>[]): Promise<void> {
  const store = await open(dir)
  await store.deleteStream('flights-replays')
  const ledger = await store.createStream('flights-replays', { retentionHours: 8760 })
  for (const replay of replays) await ledger.put('replay', Buffer.from(JSON.stringify(replay)))
  await store.close()
}

interface Flight {
  readonly partitionKey: string
  data: string
}

/** Stores the flights of a store anew after `change` has had its way with them, shard by shard. */
async function tamper(dir: string, change: (shards: Flight[][]) => void): Promise<void> {
  const store = await open(dir)
  const shards: Flight[][] = [[], [], [], []]
  const before = store.stream('flights', { codec: textCodec })
  for await (const { shardId, partitionKey, data } of before.read({ from: 'oldest', until: 'tail' })) {
    shards[Number(shardId.at(-1))]?.push({ partitionKey, data })
  }
  change(shards)
  await store.deleteStream('flights')
  const after = await store.createStream('flights', { shards: 4, codec: textCodec })
  for (const shard of shards) await after.putBatch(shard)
  await store.close()
}
