import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { fed, millrace, start, ended, storeWithStream } from './millrace.ts'

interface Envelope {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly arrivedAtMs: number
  readonly data: string
}

async function filled(shards: number, records: number): Promise<string> {
  const dir = await storeWithStream(shards)
  const lines = Array.from({ length: records }, (_, index) => `${index}\n`).join('')
  await fed(lines, 'put', 'clicks', '--dir', dir)
  return dir
}

async function tailed(dir: string, ...args: string[]): Promise<Envelope[]> {
  const { code, stdout, stderr } = await millrace('tail', 'clicks', '--json', '--dir', dir, ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Envelope)
}

describe('millrace tail', () => {
  it('prints every record once, in order within its shard, and ends', async () => {
    const dir = await filled(4, 1000)
    const records = await tailed(dir)
    expect(records.map(({ data }) => Number(data)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 1000 }, (_, index) => index),
    )
    for (const shard of new Set(records.map(({ shardId }) => shardId))) {
      const own = records.filter(({ shardId }) => shardId === shard).map(({ data }) => Number(data))
      expect(own).toEqual(own.toSorted((a, b) => a - b))
    }
  })

  it('ends after --limit records, and reads one shard with --shard', async () => {
    const dir = await filled(4, 100)
    expect(await tailed(dir, '--limit', '7')).toHaveLength(7)
    const own = await tailed(dir, '--shard', '2')
    expect(own.length).toBeGreaterThan(0)
    expect(new Set(own.map(({ shardId }) => shardId))).toEqual(new Set(['shardId-000000000002']))
    expect(await tailed(dir, '--shard', 'shardId-000000000002')).toEqual(own)
  })

  it('starts at a sequence number and at a time', async () => {
    const dir = await filled(1, 10)
    const records = await tailed(dir)
    const fourth = records[3] as Envelope
    expect(await tailed(dir, '--shard', '0', '--from-sequence', fourth.sequenceNumber)).toEqual(
      records.slice(3),
    )

    await fed('later\n', 'put', 'clicks', '--dir', dir)
    const last = (await tailed(dir)).at(-1) as Envelope
    expect(last.arrivedAtMs).toBeGreaterThan(fourth.arrivedAtMs)
    expect(await tailed(dir, '--from-time', String(last.arrivedAtMs))).toEqual([last])
    expect(await tailed(dir, '--from-time', new Date(last.arrivedAtMs).toISOString())).toEqual([last])
    expect(await tailed(dir, '--from-time', '1h')).toHaveLength(11)
  })

  it('prints text on one line and without control characters, so that a record cannot steer a terminal', async () => {
    const dir = await storeWithStream()
    await fed('\x1b[2Jgone\x9b\n', 'put', 'clicks', '--key', 'a\x07b', '--dir', dir)
    const { stdout } = await millrace('tail', 'clicks', '--dir', dir)
    expect(stdout).toMatch(/^\S+Z {2}shardId-000000000000 {2}a\\u0007b {2}\\u001b\[2Jgone\\u009b\n$/)
  })

  it('prints the data as it is with --format data', async () => {
    const dir = await storeWithStream()
    await fed('a\nb\n', 'put', 'clicks', '--dir', dir)
    expect((await millrace('tail', 'clicks', '--format', 'data', '--dir', dir)).stdout).toBe('a\nb\n')
  })

  it('shows what another process stores while it has the store open', async () => {
    const dir = await storeWithStream()
    const holder = start('put', 'clicks', '--dir', dir)
    const follower = start('tail', 'clicks', '--follow', '--format', 'data', '--dir', dir)
    const ends = Promise.all([ended(holder), ended(follower)])
    for (const line of ['a\n', 'b\n', 'c\n']) {
      const shown = once(follower.stdout, 'data')
      holder.stdin.write(line)
      expect(String((await shown)[0])).toBe(line)
    }
    expect((await millrace('tail', 'clicks', '--format', 'data', '--dir', dir)).stdout).toBe('a\nb\nc\n')
    expect((await millrace('streams', '--dir', dir)).stdout).toMatch(/clicks +1 +.* 3 /)
    expect((await millrace('streams', 'describe', 'clicks', '--dir', dir)).code).toBe(0)
    follower.kill('SIGINT')
    holder.stdin.end()
    expect((await ends).map(({ code }) => code)).toEqual([0, 130])
  })
})
