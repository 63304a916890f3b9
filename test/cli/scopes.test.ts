import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { open } from '../../src/open.ts'
import { fed, millrace, scratchFolder } from './millrace.ts'

const scope = ['--account', '111122223333', '--region', 'eu-west-1'] as const
const there = 'in --account 111122223333 --region eu-west-1'

afterEach(() => vi.unstubAllEnvs())

/** A folder whose one stream, `eu`, belongs to another account and region than the usual ones. */
async function foreignStore(): Promise<string> {
  const dir = join(await scratchFolder(), 'data')
  const store = await open(dir, { account: '111122223333', region: 'eu-west-1' })
  await (await store.createStream('eu')).put('k', Buffer.from('one'))
  await store.close()
  return dir
}

describe('streams of another account and region', () => {
  it('are what the commands are asked for', async () => {
    const at = ['--dir', await foreignStore(), ...scope]
    expect((await millrace('streams', ...at)).stdout).toMatch(/^eu +1 /m)
    expect((await millrace('tail', 'eu', '--format', 'data', ...at)).stdout).toBe('one\n')
    expect((await fed('two\n', 'put', 'eu', ...at)).code).toBe(0)
    expect((await millrace('peek', 'eu', ...at)).stdout).toContain('two')
    expect((await millrace('streams', 'describe', 'eu', ...at)).stdout).toContain('eu-west-1:111122223333:')
    expect((await millrace('streams', 'split', 'eu', '0', ...at)).code).toBe(0)
    expect((await millrace('streams', 'create', 'more', ...at)).code).toBe(0)
    expect((await millrace('streams', 'delete', 'eu', ...at)).code).toBe(0)
    expect((await millrace('streams', ...at)).stdout).toMatch(/\nmore +1 /)
  })

  it('are named where nothing is found in the usual ones', async () => {
    const dir = await foreignStore()
    expect((await millrace('streams', '--dir', dir)).stdout).toBe(`no streams in ${dir}; 1 stream ${there}\n`)
    expect(JSON.parse((await millrace('streams', '--dir', dir, '--json')).stdout)).toEqual([])
    for (const command of [['tail'], ['peek'], ['put'], ['streams', 'delete']]) {
      const { code, stderr } = await millrace(...command, 'eu', '--dir', dir)
      expect(code).toBe(1)
      expect(stderr).toBe(
        `millrace: ERR_MILLRACE_STREAM_NOT_FOUND: there is no stream eu; there is one ${there}\n`,
      )
    }
    expect((await millrace('tail', 'us', '--dir', dir)).stderr).toMatch(/there is no stream us\n$/)
  })

  it('are all shown by inspect, or those that it is asked for', async () => {
    const dir = await foreignStore()
    const shown = async (...more: string[]): Promise<string> =>
      (await millrace('inspect', '--dir', dir, ...more)).stdout
    expect(await shown()).toMatch(/^111122223333\/eu-west-1 eu shardId-000000000000 /m)
    expect(await shown(...scope)).toMatch(/^111122223333\/eu-west-1 eu /m)
    expect(await shown('--region', 'us-east-1')).not.toContain('shardId')
  })
})

describe('the environment', () => {
  it('says where the store is, as for serve, unless the command line does', async () => {
    vi.stubEnv('MILLRACE_DIR', await foreignStore())
    vi.stubEnv('MILLRACE_ACCOUNT', '111122223333')
    vi.stubEnv('MILLRACE_REGION', 'eu-west-1')
    expect((await millrace('streams')).stdout).toMatch(/^eu +1 /m)
    expect((await millrace('verify')).code).toBe(0)
    expect((await millrace('streams', '--region', 'us-east-1')).stdout).toMatch(/^no streams in /)
    expect((await millrace('streams', '--dir', 'nowhere')).stderr).toContain('no store in nowhere')
    // It says nothing of endpoints.
    expect((await millrace('streams', '--endpoint', 'ftp://x')).stderr).toContain('--endpoint must be')
  })

  it('cannot make a store of the folder that a command happens to run in', async () => {
    vi.stubEnv('MILLRACE_DIR', '')
    const { code, stderr } = await millrace('streams', 'create', 'x')
    expect(code).toBe(2)
    expect(stderr).toContain('location must be')
  })
})

it('--account is refused where credentials say whose streams are meant', async () => {
  const { code, stderr } = await millrace('streams', '--endpoint', 'http://127.0.0.1:1', ...scope)
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--account is of a folder') })
})
