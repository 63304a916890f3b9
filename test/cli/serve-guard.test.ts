import { execFileSync } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { expect, it, onTestFinished } from 'vitest'
import { ended, millrace, scratchFolder, start } from './millrace.ts'

const secretAccessKey = 'tell-nobody-what-this-is'
const credentials = [{ accessKeyId: 'reader', secretAccessKey, policy: [{ allow: 'read', streams: '*' }] }]

interface Served {
  readonly endpoint: string
  /** Ends it, and answers all that it said. */
  end(): Promise<string>
}

/** Starts `serve` and waits for its one line. */
async function served(...args: string[]): Promise<Served> {
  const child = start('serve', '--port', '0', '--json', ...args)
  onTestFinished(() => void child.kill('SIGKILL'))
  const over = ended(child)
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(text.toString()))
    void over.then(({ stderr }) => reject(new Error(stderr)))
  })
  const end = async (): Promise<string> => {
    child.kill('SIGTERM')
    const { stdout, stderr } = await over
    return stdout + stderr
  }
  return { endpoint: (JSON.parse(line) as { endpoint: string }).endpoint, end }
}

it('serve with credentials asks for signatures, warns of a file that others can read, and shows no secret', async () => {
  const file = join(await scratchFolder(), 'credentials.json')
  await writeFile(file, JSON.stringify(credentials), { mode: 0o644 })
  const { endpoint, end } = await served('--memory', '--stream', 'clicks', '--credentials', file)
  const as = (secret: string): KinesisClient =>
    new KinesisClient({
      region: 'us-east-1',
      endpoint,
      credentials: { accessKeyId: 'reader', secretAccessKey: secret },
    })
  await expect(as(secretAccessKey).send(new ListStreamsCommand({}))).resolves.toMatchObject({
    StreamNames: ['clicks'],
  })
  await expect(as('wrong').send(new ListStreamsCommand({}))).rejects.toMatchObject({
    name: 'InvalidSignatureException',
  })
  const said = await end()
  expect(said).toMatch(/credentials\.json can be read by others/)
  expect(said).not.toContain(secretAccessKey)
})

it('serve with TLS says which certificate to trust, and keeps it', async () => {
  const dir = join(await scratchFolder(), 'data')
  const first = await served('--dir', dir, '--tls')
  expect(first.endpoint).toMatch(/^https:/)
  expect(await first.end()).toContain(join(dir, 'tls', 'cert.pem'))
  expect((await stat(join(dir, 'tls', 'key.pem'))).mode & 0o777).toBe(0o600)
  const cert = await readFile(join(dir, 'tls', 'cert.pem'), 'utf8')
  const second = await served(
    '--dir',
    dir,
    '--tls-cert',
    join(dir, 'tls', 'cert.pem'),
    '--tls-key',
    join(dir, 'tls', 'key.pem'),
  )
  expect(second.endpoint).toMatch(/^https:/)
  await second.end()
  const third = await served('--dir', dir, '--tls')
  await third.end()
  expect(await readFile(join(dir, 'tls', 'cert.pem'), 'utf8')).toBe(cert)
})

it.each([
  [['--host', '0.0.0.0'], /--insecure/],
  [['--tls-cert', 'a'], /--tls-cert and --tls-key go together/],
  [['--credentials', '/nowhere/file'], /nowhere/],
])('serve with %j says what is wrong, and does not start', async (args, words) => {
  const { code, stdout, stderr } = await millrace('serve', '--memory', '--port', '0', ...args)
  expect([code === 0, stdout]).toEqual([false, ''])
  expect(stderr).toMatch(words)
})

// Windows has no such files.
it.runIf(process.platform !== 'win32').each([['--credentials'], ['--config'], ['--tls-cert', '--tls-key']])(
  'serve takes no pipe for %s: it would wait where no signal reaches it',
  async (...options) => {
    const pipe = join(await scratchFolder(), 'pipe')
    execFileSync('mkfifo', [pipe])
    const { code, stderr } = await millrace(
      'serve',
      '--memory',
      '--port',
      '0',
      ...options.flatMap((option) => [option, pipe]),
    )
    expect([code, stderr]).toEqual([2, expect.stringContaining('pipe must be a regular file')])
  },
)
