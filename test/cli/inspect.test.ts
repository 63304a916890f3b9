import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StoreReport } from '../../src/store-report.ts'
import { ended, fed, holderOf, millrace, scratchFolder, start, storeWithStream } from './millrace.ts'

const line = `${'x'.repeat(99)}\n`

async function inspected(dir: string, ...args: string[]): Promise<StoreReport> {
  const { code, stdout, stderr } = await millrace('inspect', '--json', '--dir', dir, ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as StoreReport
}

/** What `verify --json` prints. */
interface Verified {
  readonly sound: boolean
  readonly inUse: boolean
  readonly records: number
  readonly findings: StoreReport['findings']
}

async function verified(dir: string): Promise<Verified & { readonly code: number | null }> {
  const { code, stdout, stderr } = await millrace('verify', '--json', '--dir', dir)
  expect(stderr).toBe('')
  return { code, ...(JSON.parse(stdout) as Verified) }
}

/** The only shard's first segment, below the store's folder. */
async function segmentOf(dir: string): Promise<string> {
  const [shard = ''] = await readdir(join(dir, 'shards'))
  const names = await readdir(join(dir, 'shards', shard))
  return join('shards', shard, names.filter((name) => name.endsWith('.seg')).toSorted()[0] ?? '')
}

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file)
  bytes.writeUInt8((bytes[at] ?? 0) ^ 0x10, at)
  await writeFile(file, bytes)
}

describe('millrace inspect', () => {
  it('says that a file is no store', async () => {
    const file = join(await storeWithStream(), 'format')
    for (const command of ['inspect', 'verify']) {
      const { code, stdout, stderr } = await millrace(command, '--dir', file)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain('ERR_MILLRACE_NOT_A_STORE: ')
      expect(stderr).toContain('is no folder')
    }
  })

  it('answers when somebody put a pipe where a segment was', async () => {
    const dir = await storeWithStream()
    await fed('a\n', 'put', 'clicks', '--dir', dir)
    const segment = join(dir, await segmentOf(dir))
    await rm(segment)
    execFileSync('mkfifo', [segment])
    const { code, stdout } = await millrace('tail', 'clicks', '--dir', dir)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect((await millrace('verify', '--dir', dir)).code).toBe(1)
  })

  it('knows a stream without files from one that is not there', async () => {
    const dir = await storeWithStream(2)
    expect(await inspected(dir, '--stream', 'clicks')).toMatchObject({ streams: ['clicks'], logs: [] })
    const { code, stdout, stderr } = await millrace('inspect', '--dir', dir, '--stream', 'clocks')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('ERR_MILLRACE_STREAM_NOT_FOUND: there is no stream clocks')
  })

  it('shows each log with its stream, its control page and its segments', async () => {
    const dir = await storeWithStream(2)
    await fed(line.repeat(30_000), 'put', 'clicks', '--dir', dir)
    const report = await inspected(dir)
    expect(report).toMatchObject({ formatVersion: 1, inUse: false, findings: [] })
    expect(report.logs.map(({ folder, owner }) => owner ?? folder)).toEqual([
      'meta',
      { account: '000000000000', region: 'us-east-1', stream: 'clicks', shardId: 'shardId-000000000000' },
      { account: '000000000000', region: 'us-east-1', stream: 'clicks', shardId: 'shardId-000000000001' },
    ])
    for (const { control, segments } of report.logs) {
      expect(control).toMatchObject({ state: 'closed', sealed: false, poison: null, thisBoot: true })
      expect(control?.durable).toBe(control?.committed)
      expect(segments.map(({ ordinal }) => ordinal)).toEqual(segments.map((_, index) => index))
      expect(segments.at(-1)?.seal).toBeNull()
    }
    expect(report.logs[1]?.segments[0]?.seal).toMatchObject({ reason: 'size', epoch: 1 })

    const { stdout } = await millrace('inspect', '--dir', dir)
    expect(stdout).toMatch(
      /^clicks shardId-000000000001 {2}\(shards\/[0-9a-f]{32}\)\n {2}control page {2}closed cleanly;/m,
    )
    expect(stdout).toMatch(/^ {2}0{19}1\.seg .* sealed \(size\), last number /m)
  })

  it('shows the shards of one stream with --stream', async () => {
    const dir = await storeWithStream()
    await fed('a\n', 'put', 'clicks', '--dir', dir)
    expect((await inspected(dir, '--stream', 'clicks')).logs).toHaveLength(1)
  })

  it('shows what is left when the metadata is beyond reading', async () => {
    const dir = await storeWithStream()
    await fed('a\n', 'put', 'clicks', '--dir', dir)
    await flip(join(dir, 'meta', '00000000000000000001.seg'), 20)
    const report = await inspected(dir)
    expect(report.logs.map(({ owner }) => owner)).toEqual([null, null])
    expect(report.findings).toContainEqual(expect.objectContaining({ severity: 'damage' }))
  })

  it('leaves a store as it was, also one that is open elsewhere', async () => {
    const dir = await storeWithStream()
    await fed('a\n', 'put', 'clicks', '--dir', dir)
    const holder = await holderOf(dir)
    const segment = join(dir, await segmentOf(dir))
    const before = await readFile(segment)
    expect(await inspected(dir)).toMatchObject({ inUse: true, findings: [] })
    expect(await verified(dir)).toMatchObject({ code: 0, inUse: true, sound: true, records: 3 })
    expect(await readFile(segment)).toEqual(before)
    expect((await holder.end()).code).toBe(0)
  })
})

describe('millrace verify', () => {
  it('finds nothing wrong with a sound store, and counts what it checked', async () => {
    const dir = await storeWithStream()
    await fed(line.repeat(20_000), 'put', 'clicks', '--dir', dir)
    // One more record: the command that created the stream.
    expect(await verified(dir)).toMatchObject({ code: 0, sound: true, records: 20_001, findings: [] })
    const { stdout } = await millrace('verify', '--dir', dir)
    expect(stdout).toMatch(/: 20,001 records in \d segments of 2 logs, .* checked in .*\nno damage\n$/)
  })

  it.each([
    { where: 'a frame', at: 0x3000 + 200 },
    { where: 'the header', at: 40 },
    { where: 'the seal', at: 0x200 + 24 },
    { where: 'the index', at: 0x2000 + 20 },
  ])('ends with 1 and names file and place of one flipped bit in $where', async ({ at }) => {
    const dir = await storeWithStream()
    await fed(line.repeat(20_000), 'put', 'clicks', '--dir', dir)
    const file = await segmentOf(dir)
    await flip(join(dir, file), at)
    const { code, sound, findings } = await verified(dir)
    expect({ code, sound }).toEqual({ code: 1, sound: false })
    const damage = findings.filter(({ severity }) => severity === 'damage')
    expect(damage.map((finding) => finding.file)).toContain(file)
    const { stdout } = await millrace('verify', '--dir', dir)
    expect(stdout).toContain(`damage: ${file}`)
    expect(stdout).toMatch(/ damaged\n$/)
  })

  it('finds a segment that lost its end', async () => {
    const dir = await storeWithStream()
    await fed(line.repeat(20_000), 'put', 'clicks', '--dir', dir)
    const file = join(dir, await segmentOf(dir))
    await truncate(file, 500_000)
    expect(await verified(dir)).toMatchObject({ code: 1, sound: false })
  })

  it('forgives what a killed writer leaves behind', async () => {
    const dir = await storeWithStream()
    const child = start('put', 'clicks', '--dir', dir)
    const end = ended(child)
    child.stdin.on('error', () => {})
    if (!child.stdin.write(line.repeat(20_000))) await once(child.stdin, 'drain')
    child.kill('SIGKILL')
    await end
    expect(await verified(dir)).toMatchObject({ code: 0, sound: true, inUse: false })
  })

  it.each(['inspect', 'verify'])('%s says in one line that a folder holds no store', async (command) => {
    const dir = await scratchFolder()
    const { code, stdout, stderr } = await millrace(command, '--dir', dir)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_NOT_A_STORE: [^\n]*\n$/)
    expect(existsSync(join(dir, 'format'))).toBe(false)
  })
})
