import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startServer } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { fed, millrace } from './millrace.ts'

async function endpoint(): Promise<readonly [string, string]> {
  const store = await testStore()
  const server = await startServer(store, { port: 0 })
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  return ['--endpoint', server.endpoint]
}

describe('commands on an endpoint', () => {
  it('create, put, show, reshard, read across the reshard, and delete', async () => {
    const at = await endpoint()
    expect((await millrace('streams', 'create', 'clicks', '--retention-hours', '48', ...at)).stdout).toBe(
      'created clicks: 1 shard, records are kept for 2 days\n',
    )
    expect((await fed('one\ntwo\n', 'put', 'clicks', ...at)).stdout).toContain('stored 2 records')
    const split = await millrace('streams', 'split', 'clicks', '0', ...at)
    expect(split.stdout).toBe(
      'split shardId-000000000000 of clicks: shardId-000000000001, shardId-000000000002\n',
    )
    expect((await millrace('streams', 'merge', 'clicks', '1', '2', ...at)).stdout).toBe(
      'merged shardId-000000000001 and shardId-000000000002 of clicks: shardId-000000000003\n',
    )
    await fed('three\n', 'put', 'clicks', '--key', 'k', ...at)
    const tailed = await millrace('tail', 'clicks', '--format', 'data', ...at)
    expect(tailed).toEqual({ code: 0, stdout: 'one\ntwo\nthree\n', stderr: '' })
    expect((await millrace('streams', ...at)).stdout).toMatch(/clicks +1 +2 days +ACTIVE/)
    expect((await millrace('inspect', ...at)).stdout).toContain('shardId-000000000003')
    expect((await millrace('streams', 'delete', 'clicks', ...at)).stdout).toBe('deleted clicks\n')
    expect((await millrace('tail', 'clicks', ...at)).stderr).toContain('ResourceNotFoundException')
  })

  it('peek at records of a shard, as JSON, text or bytes', async () => {
    const at = await endpoint()
    await millrace('streams', 'create', 'clicks', ...at)
    await fed(Buffer.from('{"a":1}\nplain\n\x01\xff\n', 'latin1'), 'put', 'clicks', '--key', 'k', ...at)
    const { stdout } = await millrace('peek', 'clicks', ...at)
    expect(stdout).toContain('  {\n    "a": 1\n  }\n')
    expect(stdout).toContain('  plain\n')
    expect(stdout).toContain('  00000000  01 ff ')
    const hex = await millrace('peek', 'clicks', '--format', 'hex', '--limit', '1', ...at)
    expect(hex.stdout).toContain('7b 22 61 22 3a 31 7d')
    const json = await millrace('peek', 'clicks', '--json', '--limit', '2', ...at)
    expect((JSON.parse(json.stdout) as { data: string }[]).map(({ data }) => data)).toEqual([
      '{"a":1}',
      'plain',
    ])
  })

  it('say first why nothing is reached', async () => {
    const nowhere = await millrace('streams', '--endpoint', 'http://127.0.0.1:1')
    expect(nowhere).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'millrace: ERR_MILLRACE_IO: http://127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1\n',
    })
    const store = await testStore()
    await using server = await startServer(store, { port: 0, tls: true })
    const { stderr } = await millrace('tail', 'clicks', '--endpoint', server.endpoint)
    expect(stderr).toContain(`the certificate of ${server.endpoint} is not trusted: self-signed certificate`)
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS')
  })

  it('say where a region comes from that AWS has to have', async () => {
    onTestFinished(() => void vi.unstubAllEnvs())
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nowhere')
    const { code, stderr } = await millrace('streams', '--endpoint', 'aws')
    expect(code).toBe(2)
    expect(stderr).toContain('--endpoint aws needs a region: --region')
  })

  it.each([
    [['--dir', 'x'], '--endpoint and --dir exclude each other'],
    [['--endpoint', 'ftp://x'], '--endpoint must be an address'],
  ])('refuse %j', async (more, says) => {
    const at = await endpoint()
    const { code, stderr } = await millrace('streams', ...at, ...more)
    expect(code).toBe(2)
    expect(stderr).toContain(says)
  })
})
