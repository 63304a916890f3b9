import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Ended, ended, scratchFolder } from './millrace.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

function serve(environment: NodeJS.ProcessEnv, ...args: string[]): ReturnType<typeof ended> {
  const child = started(environment, ...args)
  child.stdout.once('data', () => child.kill('SIGTERM'))
  return ended(child)
}

function started(environment: NodeJS.ProcessEnv, ...args: string[]) {
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, [main, 'serve', '--memory', ...args], { env })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** What Kubernetes sets in every container beside a Service that is named `millrace`. */
const service = {
  MILLRACE_SERVICE_HOST: '10.0.0.1',
  MILLRACE_SERVICE_PORT: '4567',
  MILLRACE_SERVICE_PORT_KINESIS: '4567',
  MILLRACE_PORT: 'tcp://10.0.0.1:4567',
  MILLRACE_PORT_4567_TCP: 'tcp://10.0.0.1:4567',
  MILLRACE_PORT_4567_TCP_PROTO: 'tcp',
  MILLRACE_PORT_4567_TCP_PORT: '4567',
  MILLRACE_PORT_4567_TCP_ADDR: '10.0.0.1',
}

describe('the environment', () => {
  it('may hold what Kubernetes says of a Service of that name, which is no setting', async () => {
    const { code, stdout, stderr } = await serve(service, '--port', '0', '--log-level', 'warn')
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('millrace is ready') })
    expect(JSON.parse(stderr)).toMatchObject({
      msg: expect.stringMatching(/MILLRACE_SERVICE_HOST, .*MILLRACE_PORT, .* Service named millrace/),
    })
  })

  it.each([
    ['MILLRACE_PORT', 'tcp:4567', 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['MILLRACE_PORTS', '1', 'ERR_MILLRACE_UNKNOWN_OPTION'],
    ['MILLRACE_SERVICE_NAME', 'x', 'ERR_MILLRACE_UNKNOWN_OPTION'],
    ['MILLRACE_PORT_4567_TPC', 'x', 'ERR_MILLRACE_UNKNOWN_OPTION'],
  ])('may hold nothing else that is no setting: %s=%s', async (name, value, code) => {
    const { code: exit, stderr } = await serve({ ...service, [name]: value })
    expect(exit).toBe(2)
    expect(stderr).toContain(code)
    expect(stderr).toContain(name)
  })
})

/** The code of the one error on standard error, which is JSON. */
function codeOf({ code, stdout, stderr }: Ended): unknown {
  expect([code === 0, stdout]).toEqual([false, ''])
  return (JSON.parse(stderr) as { readonly error: { readonly code: string } }).error.code
}

describe('errors are JSON', () => {
  it.each([
    { flags: ['--host', '0.0.0.0'], code: 'ERR_MILLRACE_INVALID_ARGUMENT' },
    { flags: ['--colour'], code: 'ERR_MILLRACE_UNKNOWN_OPTION' },
    { flags: ['--port', 'x'], code: 'ERR_MILLRACE_INVALID_ARGUMENT' },
  ])('where the environment says so: $flags', async ({ flags, code }) => {
    expect(codeOf(await serve({ MILLRACE_JSON: '1' }, ...flags))).toBe(code)
  })

  it('where the environment says so, also of the environment', async () => {
    const said = await serve({ MILLRACE_JSON: 'true', MILLRACE_COLOUR: 'red' })
    expect(codeOf(said)).toBe('ERR_MILLRACE_UNKNOWN_OPTION')
  })

  it('where the file says so, also of the file', async () => {
    const file = join(await scratchFolder(), 'settings.json')
    await writeFile(file, '{"json": true, "host": "0.0.0.0"}')
    expect(codeOf(await serve({}, '--config', file))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    await writeFile(file, '{"colour": "red", "json": true}')
    expect(codeOf(await serve({}, '--config', file))).toBe('ERR_MILLRACE_UNKNOWN_OPTION')
    // The environment wins.
    const { stderr } = await serve({ MILLRACE_JSON: '0' }, '--config', file)
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_UNKNOWN_OPTION/)
  })

  it('not elsewhere', async () => {
    const { stderr } = await serve({ MILLRACE_JSON: '0' }, '--host', '0.0.0.0')
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_INVALID_ARGUMENT/)
  })
})

/** Whether this machine lets a process be the first of a space of its own. */
async function firstProcesses(): Promise<boolean> {
  const probe = spawn('unshare', ['--pid', '--fork', 'true'], { stdio: 'ignore' })
  return new Promise((resolve) => {
    probe.on('error', () => resolve(false)).on('close', (code) => resolve(code === 0))
  })
}

describe('the first process of a container', async () => {
  // To be the first of its own takes a right that not every machine gives.
  it.skipIf(!(await firstProcesses()))('ends at once when another signal comes', async () => {
    const args = [
      process.execPath,
      main,
      'serve',
      '--memory',
      '--port',
      '0',
      '--json',
      '--grace-seconds',
      '3600',
    ]
    const outer = spawn('unshare', ['--pid', '--fork', '--kill-child', ...args])
    onTestFinished(() => void outer.kill('SIGKILL'))
    const end = once(outer, 'close')
    const [line] = (await once(outer.stdout, 'data')) as [Buffer]
    const { endpoint } = JSON.parse(line.toString()) as { readonly endpoint: string }
    const pid = await onlyChildOf(outer)
    // An answer without an end of its own keeps it from ending.
    const half = connect(Number(new URL(endpoint).port), '127.0.0.1')
    onTestFinished(() => void half.destroy())
    half.on('error', () => undefined)
    half.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n.')
    const idle = connect(Number(new URL(endpoint).port), '127.0.0.1')
    idle.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await once(idle, 'data')
    process.kill(pid, 'SIGTERM')
    idle.resume()
    await once(idle, 'close')
    process.kill(pid, 'SIGINT')
    expect((await end)[0]).toBe(130)
  })
})

async function onlyChildOf({ pid }: ChildProcess): Promise<number> {
  return Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
}
