import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fed, millrace, scratchFolder, storeWithStream } from './millrace.ts'

describe('millrace streams', () => {
  it('creates, lists, describes and deletes a stream', async () => {
    const dir = await storeWithStream(2)
    await fed('a\nbb\n', 'put', 'clicks', '--dir', dir, '--key', 'k')

    const listed = await millrace('streams', '--dir', dir)
    expect(listed.stdout).toMatch(/^clicks +2 +24 hours +2 /m)
    const described = await millrace('streams', 'describe', 'clicks', '--dir', dir)
    expect(described.stdout).toMatch(/^shardId-000000000000 +[02] /m)
    expect(described.stdout).toMatch(/^shardId-000000000001 +[02] /m)
    const deleted = await millrace('streams', 'delete', 'clicks', '--dir', dir)
    expect(deleted).toEqual({ code: 0, stdout: 'deleted clicks\n', stderr: '' })
    expect((await millrace('streams', '--dir', dir)).stdout).toBe(`no streams in ${dir}\n`)
  })

  it('prints one JSON value with --json, wherever the option stands', async () => {
    const dir = await storeWithStream(3)
    const list = JSON.parse((await millrace('streams', '--json', '--dir', dir)).stdout) as unknown
    expect(list).toMatchObject([
      { name: 'clicks', shardCount: 3, retentionHours: 24, recordsMax: 0, bytes: 0 },
    ])

    const before = await millrace('streams', '--json', '--dir', dir, 'describe', 'clicks')
    const after = await millrace('streams', 'describe', 'clicks', '--dir', dir, '--json')
    expect(before).toEqual(after)
    const facts = JSON.parse(after.stdout) as { readonly shards: readonly Record<string, unknown>[] }
    expect(facts.shards.map(({ startingHashKey }) => startingHashKey)).toEqual([
      '0',
      '113427455640312821154458202477256070485',
      '226854911280625642308916404954512140970',
    ])
  })

  it('creates a stream as it was asked for', async () => {
    const dir = join(await scratchFolder(), 'data')
    const options = ['--shards', '4', '--retention-hours', '48', '--max-record-kib', '2048']
    const { stdout } = await millrace('streams', 'create', 'wide', ...options, '--dir', dir, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      shardCount: 4,
      retentionHours: 48,
      maxRecordBytes: 2 * 1024 * 1024,
    })
  })

  it('splits, merges and scales shards', async () => {
    const dir = await storeWithStream(1)
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await millrace('streams', ...args, '--dir', dir)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return stdout
    }
    const ids = [0, 1, 2, 3, 4].map((index) => `shardId-00000000000${index}`) as [
      string,
      string,
      string,
      string,
      string,
    ]
    expect(await run('split', 'clicks', '0')).toBe(`split ${ids[0]} of clicks: ${ids[1]}, ${ids[2]}\n`)
    expect(await run('merge', 'clicks', '1', ids[2])).toBe(
      `merged ${ids[1]} and ${ids[2]} of clicks: ${ids[3]}\n`,
    )
    const split = JSON.parse(await run('split', 'clicks', ids[3], '--at', '1000', '--json')) as unknown
    expect(split).toMatchObject([
      { shardId: ids[4], startingHashKey: '0', endingHashKey: '999', parentShardId: ids[3] },
      { startingHashKey: '1000' },
    ])
    expect(await run('scale', 'clicks', '1')).toMatch(/^scaled clicks to 1 shard: shardId-000000000006$/m)
    expect(await run('describe', 'clicks')).toMatch(/^shardId-000000000003 .* ended$/m)
  })

  it('refuses a name that AWS would refuse as a wrong command line', async () => {
    const dir = join(await scratchFolder(), 'data')
    const { code, stderr } = await millrace('streams', 'create', 'no blanks', '--dir', dir)
    expect(code).toBe(2)
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_INVALID_ARGUMENT: name must be /)
  })

  it.each([
    { args: ['create', 'clicks'], code: 'ERR_MILLRACE_STREAM_EXISTS' },
    { args: ['describe', 'nope'], code: 'ERR_MILLRACE_STREAM_NOT_FOUND' },
    { args: ['delete', 'nope'], code: 'ERR_MILLRACE_STREAM_NOT_FOUND' },
    { args: ['split', 'clicks', 'shardId-000000000007'], code: 'ERR_MILLRACE_SHARD_NOT_FOUND' },
    { args: ['scale', 'clicks', '9'], code: 'ERR_MILLRACE_LIMIT_EXCEEDED' },
  ])('$args fails with $code', async ({ args, code }) => {
    const dir = await storeWithStream()
    const ended = await millrace('streams', ...args, '--dir', dir, '--json')
    expect(ended.code).toBe(1)
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code } })
    expect(ended.stdout).toBe('')
  })

  it('does not turn a mistyped folder into a store', async () => {
    const dir = join(await scratchFolder(), 'dta')
    const { code, stderr } = await millrace('streams', '--dir', dir)
    expect({ code, exists: existsSync(dir) }).toEqual({ code: 1, exists: false })
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_NOT_A_STORE: /)
  })

  it.each(['.gitkeep', '.gitignore'])('makes a store of a folder that git keeps by a %s', async (name) => {
    const dir = await scratchFolder()
    await writeFile(join(dir, name), '')
    expect((await millrace('streams', 'create', 'clicks', '--dir', dir)).code).toBe(0)
    const { code, stdout } = await millrace('verify', '--dir', dir, '--json')
    expect({ code, findings: (JSON.parse(stdout) as { findings: unknown }).findings }).toEqual({
      code: 0,
      findings: [],
    })
  })

  it('does not make a store of a folder that holds something else', async () => {
    const dir = await scratchFolder()
    await writeFile(join(dir, 'letter.txt'), 'dear')
    const { code, stderr } = await millrace('streams', 'create', 'clicks', '--dir', dir)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_NOT_A_STORE: /)
  })
})
