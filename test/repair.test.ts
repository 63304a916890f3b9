import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { open, repair, type OpenOptions } from '../src/index.ts'
import { inspectStore } from '../src/inspect.ts'
import { parseSequencePlace } from '../src/streams/sequence-number.ts'
import { crc32c } from './docs/crc32c.ts'
import { ScratchFolder } from './native/scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const segment = '00000000000000000001.seg'

/** A closed store with one shard of 100 records; and the shard's folder. */
async function closedStore(
  options: OpenOptions = {},
): Promise<{ readonly folder: string; readonly shard: string }> {
  const folder = scratch.fresh()
  const store = await open(folder, options)
  const stream = await store.createStream('clicks')
  const entries = Array.from({ length: 100 }, (_, index) => ({
    partitionKey: `key-${index}`,
    data: Buffer.from(`record ${index}.`),
  }))
  await stream.putBatch(entries)
  await store.close()
  const { logs } = await inspectStore(folder, { everyByte: false })
  return { folder, shard: join(folder, logs[1]?.folder ?? '') }
}

async function change(file: string, what: string, by: string): Promise<void> {
  const bytes = await readFile(file)
  const at = bytes.indexOf(what)
  expect(at).toBeGreaterThan(0)
  bytes.write(by, at)
  await writeFile(file, bytes)
}

async function recordsIn(folder: string): Promise<string[]> {
  const store = await open(folder)
  const records: string[] = []
  for await (const record of store.stream('clicks').read({ from: 'oldest', until: 'tail' }))
    records.push(Buffer.from(record.data).toString())
  await store.close()
  return records
}

function all(but?: number): string[] {
  return Array.from({ length: 100 }, (_, index) => `record ${index}.`).filter((_, index) => index !== but)
}

async function isSound(folder: string): Promise<boolean> {
  const { findings } = await inspectStore(folder, { everyByte: true })
  return findings.every(({ severity }) => severity !== 'damage')
}

describe('repair', () => {
  it('finds nothing to do in a sound store', async () => {
    const { folder } = await closedStore()
    const report = await repair(folder)
    expect(report).toMatchObject({ path: folder, dryRun: false, outcome: 'sound' })
    expect(report.logs.map(({ folder: name, outcome }) => [name.slice(0, 7), outcome])).toEqual([
      ['meta', 'sound'],
      ['shards/', 'sound'],
    ])
  })

  it('keeps every record but the damaged one, and goes on behind it', async () => {
    const { folder, shard } = await closedStore()
    await change(join(shard, segment), 'record 40.', 'RECORD')
    const report = await repair(folder)
    expect(report.outcome).toBe('repaired')
    expect(report.logs[1]?.lost).toMatchObject([{ firstSequence: 41, lastSequence: 41 }])
    expect(await isSound(folder)).toBe(true)
    expect(await recordsIn(folder)).toEqual(all(40))
    expect((await repair(folder)).outcome).toBe('sound')
  })

  it('makes the control page again, and never uses a number twice', async () => {
    const { folder, shard } = await closedStore()
    await rm(join(shard, 'ctl'))
    const report = await repair(folder)
    expect(report.logs[1]).toMatchObject({
      outcome: 'repaired',
      lost: [],
      rewritten: [expect.stringMatching(/ctl$/)],
    })
    expect(await recordsIn(folder)).toEqual(all())
    const store = await open(folder)
    const stored = await store.stream('clicks').put('key', Buffer.from('one more'))
    await store.close()
    const resumesAt = report.logs[1]?.resumesAt ?? 0
    expect(resumesAt).toBeGreaterThan(101)
    expect(parseSequencePlace(stored.sequenceNumber)?.offset).toBeGreaterThanOrEqual(resumesAt)
    expect(await isSound(folder)).toBe(true)
  })

  it.each(['removed', 'emptied'])('refuses a store whose metadata was %s', async (how) => {
    const { folder } = await closedStore()
    await rm(join(folder, 'meta'), { recursive: true })
    if (how === 'emptied') await mkdir(join(folder, 'meta'))
    for (const dryRun of [true, false]) {
      const report = await repair(folder, { dryRun })
      expect(report.outcome).toBe('refused')
      expect(report.logs[0]).toMatchObject({ folder: 'meta', outcome: 'refused' })
      expect(report.logs[0]?.refusal?.code).toBe('ERR_MILLRACE_CORRUPT')
    }
  })

  it('refuses a segment of a later version, and leaves it', async () => {
    const { folder, shard } = await closedStore()
    const path = join(shard, segment)
    const later = await readFile(path)
    later.writeUInt32LE(2, 8)
    later.writeUInt32LE(0, 12)
    later.writeUInt32LE(crc32c(later.subarray(0, 512)), 12)
    await writeFile(path, later)
    const report = await repair(folder)
    expect(report.logs[1]).toMatchObject({ outcome: 'refused', rewritten: [], setAside: [] })
    expect(report.logs[1]?.refusal?.code).toBe('ERR_MILLRACE_NEWER_FORMAT')
    expect((await readFile(path)).equals(later)).toBe(true)
  })

  it('keeps what it replaces although its temporary names are links', async () => {
    const { folder, shard } = await closedStore()
    const path = join(shard, segment)
    const elsewhere = scratch.fresh()
    await writeFile(elsewhere, 'precious')
    await symlink(segment, join(shard, 'aside.tmp'))
    await symlink(elsewhere, join(shard, 'repair.tmp'))
    await change(path, 'record 40.', 'RECORD')
    const damaged = await readFile(path)
    const report = await repair(folder)
    expect(report.outcome).toBe('repaired')
    const kept = report.logs[1]?.setAside.find(({ file }) => file.endsWith('.seg'))?.keptAs ?? ''
    expect((await readFile(join(folder, kept))).equals(damaged)).toBe(true)
    expect(await readFile(elsewhere, 'utf8')).toBe('precious')
    expect(await isSound(folder)).toBe(true)
  })

  it('begins the metadata at its last snapshot, if damage lies before that', async () => {
    const folder = scratch.fresh()
    const store = await open(folder, { durability: 'none' })
    await store.createStream('clicks')
    // More commands than a snapshot waits for, and some behind it.
    for (let round = 0; round < 505; round++) {
      await store.createStream('passing')
      await store.deleteStream('passing')
    }
    await store.createStream('last')
    await store.close()
    const { logs } = await inspectStore(folder, { everyByte: false })
    const trimmed = logs[0]?.control?.trimSequence ?? 0
    expect(trimmed).toBeGreaterThan(1000)
    // Nothing reads what was trimmed; where the trim is lost, too, it would be read.
    await change(join(folder, 'meta', segment), 'createStream', 'CREATEstream')
    const report = await repair(folder)
    expect(report.outcome).toBe('repaired')
    expect(report.logs[0]?.refusal).toBeNull()
    const again = await open(folder)
    expect(again.listStreams().map(({ name }) => name)).toEqual(['clicks', 'last'])
    await again.close()
    expect(await isSound(folder)).toBe(true)
  })

  it('refuses metadata that lost a command behind its last snapshot, by name', async () => {
    const folder = scratch.fresh()
    const store = await open(folder, { durability: 'none' })
    // Enough commands for a snapshot; those behind it are in no other.
    for (let round = 0; round < 505; round++) {
      await store.createStream('passing')
      await store.deleteStream('passing')
    }
    await store.createStream('behind-it')
    await store.createStream('last')
    await store.close()
    await change(join(folder, 'meta', segment), 'behind-it', 'BEHIND-IT')
    const before = await readFile(join(folder, 'meta', segment))
    const report = await repair(folder)
    expect(report.outcome).toBe('refused')
    const [meta] = report.logs
    expect(meta).toMatchObject({ folder: 'meta', outcome: 'refused', rewritten: [], setAside: [] })
    expect(meta?.refusal).toMatchObject({ code: 'ERR_MILLRACE_CORRUPT' })
    expect(meta?.refusal?.message).toContain('meta')
    const lost = meta?.lost[0]
    expect(meta?.lost).toHaveLength(1)
    expect(lost?.lastSequence).toBe(lost?.firstSequence)
    expect(lost?.firstSequence).toBeGreaterThan(1010)
    expect((await readFile(join(folder, 'meta', segment))).equals(before)).toBe(true)
    await expect(open(folder)).rejects.toMatchObject({ code: 'ERR_MILLRACE_CORRUPT' })
  })

  it('refuses metadata that lost a command, and repairs the shards', async () => {
    const { folder, shard } = await closedStore()
    await change(join(shard, segment), 'record 40.', 'RECORD')
    await change(join(folder, 'meta', segment), 'createStream', 'CREATEstream')
    const report = await repair(folder)
    expect(report.outcome).toBe('refused')
    expect(report.logs.map(({ outcome }) => outcome)).toEqual(['refused', 'repaired'])
    expect(report.logs[0]?.refusal).toMatchObject({ code: 'ERR_MILLRACE_CORRUPT' })
  })

  it('rejects for a folder that is no store, a store that is open, and options that are none', async () => {
    await expect(repair(scratch.fresh())).rejects.toMatchObject({ code: 'ERR_MILLRACE_NOT_A_STORE' })
    const file = scratch.fresh()
    await writeFile(file, 'no folder')
    await expect(repair(file)).rejects.toMatchObject({ code: 'ERR_MILLRACE_NOT_A_STORE' })
    const { folder } = await closedStore()
    const store = await open(folder)
    await expect(repair(folder)).rejects.toMatchObject({ code: 'ERR_MILLRACE_STORE_BUSY' })
    await store.close()
    await expect(repair('')).rejects.toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' })
    for (const [field, value] of Object.entries({ dryRun: 1, signal: {}, onProgress: 'often' })) {
      const refused = { code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { field } }
      await expect(repair(folder, { [field]: value })).rejects.toMatchObject(refused)
    }
    const unknown = { force: true } as object
    await expect(repair(folder, unknown)).rejects.toMatchObject({ code: 'ERR_MILLRACE_UNKNOWN_OPTION' })
  })

  it('rejects with the reason of its signal', async () => {
    const { folder } = await closedStore()
    const reason = new Error('enough')
    await expect(repair(folder, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    // Told later, it ends where it is, or has ended before it noticed: then it says what it did.
    const controller = new AbortController()
    const repairing = repair(folder, { signal: controller.signal })
    controller.abort(reason)
    const outcome = await repairing.then(
      (report) => report.outcome,
      (error: unknown) => error,
    )
    expect(['sound', reason]).toContain(outcome)
  })
})
