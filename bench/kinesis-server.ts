import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

/** The peers say nothing once they listen. */
const attempts = 600
const attemptMs = 50

/** A server of Kinesis, in a process of its own. */
export interface KinesisServer {
  readonly process: ChildProcess
  readonly port: number
  /** Of HTTP over TLS, where it has another one for that. */
  readonly tlsPort?: number
}

/** `millrace serve`, in memory. */
export async function startMillrace(): Promise<KinesisServer> {
  const args = [join('dist', 'cli', 'main.js'), 'serve', '--memory', '--port', '0', '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  return { process: child, port: await portSaidBy(child) }
}

/** A server that reads each request whole and answers what it has ready: no server could do less. */
export async function startCanned(): Promise<KinesisServer> {
  const script = join(import.meta.dirname, 'canned-server.js')
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  return { process: child, port: await portSaidBy(child) }
}

async function portSaidBy(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const { endpoint } = JSON.parse(line) as { readonly endpoint: string }
    return Number(new URL(endpoint).port)
  }
  throw new Error('the server ended before it was ready')
}

/** kinesis-local without delays, its logging at ERROR. */
export async function startKinesisLocal(): Promise<KinesisServer> {
  const [port, tlsPort] = [await freePort(), await freePort()]
  const environment = {
    KINESIS_MOCK_PLAIN_PORT: String(port),
    KINESIS_MOCK_TLS_PORT: String(tlsPort),
    CREATE_STREAM_DURATION: '0ms',
    DELETE_STREAM_DURATION: '0ms',
    LOG_LEVEL: 'ERROR',
  }
  // It looks for its certificate in the folder where it is started.
  const cwd = resolve('build', 'peers', 'node_modules', 'kinesis-local')
  const child = spawn(process.execPath, ['main.js'], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  })
  await listening(child, `http://127.0.0.1:${port}/healthcheck`)
  return { process: child, port, tlsPort }
}

/** kinesalite without delays, in memory. */
export async function startKinesalite(): Promise<KinesisServer> {
  const port = await freePort()
  const script = resolve('build', 'peers', 'node_modules', 'kinesalite', 'cli.js')
  const flags = [
    '--port',
    String(port),
    '--createStreamMs',
    '0',
    '--deleteStreamMs',
    '0',
    '--shardLimit',
    '100',
  ]
  const child = spawn(process.execPath, [script, ...flags], { stdio: 'ignore' })
  await listening(child, `http://127.0.0.1:${port}/`)
  return { process: child, port }
}

async function listening(child: ChildProcess, address: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const answer = await fetch(address).catch(() => undefined)
    if (answer !== undefined) return
    await pause(attemptMs)
  }
  child.kill()
  throw new Error(`nobody listens at ${address}`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  return port
}
