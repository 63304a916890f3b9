import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { serving } from '../server/serving.ts'
import { ended, millrace, scratchFolder, start } from './millrace.ts'

afterEach(() => vi.unstubAllEnvs())

const secretAccessKey = 'tell-nobody-what-this-is'
const policy = [{ allow: 'read', streams: '*' }]

/** Standard error of a `serve` that started and was ended: lines of JSON, all of them. */
async function logOf(...args: string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const server = await serving('--memory', ...args)
  server.child.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: 0 })
  return server
    .stderr()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
}

function warningsIn(log: readonly Readonly<Record<string, unknown>>[]): readonly unknown[] {
  return log.filter(({ level }) => level === 40).map(({ msg }) => msg)
}

describe('serve with TLS', () => {
  it('names the certificate to trust where it says that it is ready', async () => {
    const server = await serving('--memory', '--tls')
    server.child.kill('SIGTERM')
    const { stdout } = await server.ended
    const { certificateFile } = JSON.parse(stdout) as { readonly certificateFile: string }
    expect(certificateFile).toMatch(/cert\.pem$/)
    expect(server.log()[0]).toMatchObject({ msg: 'ready', certificateFile })
  })

  it('names it for people, too', async () => {
    const child = start('serve', '--memory', '--tls', '--port', '0')
    const over = ended(child)
    child.stdout.once('data', () => child.kill('SIGTERM'))
    expect((await over).stdout).toMatch(
      /^millrace is ready on https:\S+, store in memory; clients trust \S+cert\.pem\n$/,
    )
  })
})

describe('serve warns, in its log, of', () => {
  it('credentials that others can read or that have expired', async () => {
    const file = join(await scratchFolder(), 'credentials.json')
    const one = { accessKeyId: 'of_yore', secretAccessKey, policy, expiresAt: '2020-01-01T00:00:00Z' }
    const other = { accessKeyId: 'of_now', secretAccessKey, policy, expiresAt: '2120-01-01T00:00:00Z' }
    await writeFile(file, JSON.stringify([other, one]), { mode: 0o644 })
    expect(warningsIn(await logOf('--credentials', file))).toEqual([
      expect.stringMatching(/credentials\.json can be read by others .*chmod 600/),
      expect.stringMatching(/credentials\.json: credentials\[1\] expired at 2020-01-01T00:00:00Z/),
    ])
  })

  it('hosts that are allowed although credentials are asked for', async () => {
    const file = join(await scratchFolder(), 'credentials.json')
    await writeFile(file, JSON.stringify([{ accessKeyId: 'reader', secretAccessKey, policy }]), {
      mode: 0o600,
    })
    expect(warningsIn(await logOf('--credentials', file, '--allow-host', 'example.test'))).toEqual([
      expect.stringContaining('--allow-host'),
    ])
  })

  it('variables of Kubernetes that are no settings', async () => {
    vi.stubEnv('MILLRACE_SERVICE_HOST', '10.0.0.1')
    expect(warningsIn(await logOf())).toEqual([expect.stringContaining('MILLRACE_SERVICE_HOST')])
  })
})

describe('serve names the option', () => {
  it.each(['--config', '--credentials', '--tls-cert', '--tls-key'])(
    '%s whose file is not there',
    async (option) => {
      const dir = join(await scratchFolder(), 'data')
      const pair = option === '--tls-cert' ? ['--tls-key', import.meta.filename] : []
      const others = option === '--tls-key' ? ['--tls-cert', import.meta.filename] : pair
      const { code, stdout, stderr } = await millrace('serve', '--dir', dir, option, 'nope', ...others)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toBe(
        `millrace: ERR_MILLRACE_INVALID_ARGUMENT: ${option}: nope: no such file or directory\n`,
      )
      // A wrong command line leaves nothing behind.
      expect(existsSync(dir)).toBe(false)
    },
  )

  it('--config that is a folder', async () => {
    const folder = await scratchFolder()
    const { code, stderr } = await millrace('serve', '--memory', '--config', folder)
    expect(code).toBe(2)
    expect(stderr).toContain(`--config: ${folder} must be a regular file`)
  })

  it('--stream that is named twice', async () => {
    const { code, stderr } = await millrace('serve', '--memory', '--stream', 'a:2', '--stream', 'b,a:3')
    expect(code).toBe(2)
    expect(stderr).toMatch(/--stream <name:shards>.* a is there twice/)
  })
})
