import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { onTestFinished, vi } from 'vitest'

// Each starts processes; a busy machine needs a while for that.
vi.setConfig({ testTimeout: 60_000 })

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** A `millrace serve` of its own process, and what it said. */
export interface Serving {
  readonly child: ChildProcess
  readonly endpoint: string
  readonly port: number
  /** Standard error so far. */
  stderr(): string
  /** Lines of JSON on standard error so far. */
  log(): readonly Readonly<Record<string, unknown>>[]
  /** How it ended. */
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: string | null
    readonly stdout: string
  }>
}

/** Starts the built command and waits until it is ready. */
export function serving(...args: string[]): Promise<Serving> {
  return ready(spawn(process.execPath, [main, 'serve', '--port', '0', '--json', ...args]))
}

/** The same in a process that may have so many files and sockets open. */
export function servingWithin(descriptors: number, ...args: string[]): Promise<Serving> {
  const command = [process.execPath, main, 'serve', '--port', '0', '--json', ...args]
  return ready(spawn('bash', ['-c', `ulimit -n ${descriptors}; exec "$@"`, 'bash', ...command]))
}

async function ready(child: ChildProcessWithoutNullStreams): Promise<Serving> {
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  let stdout = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stdout,
  }))
  const lines = createInterface({ input: child.stdout })
  const first = await Promise.race([once(lines, 'line'), ended])
  if (!Array.isArray(first)) throw new Error(`it ended: ${JSON.stringify(first)} ${stderr}`)
  const { endpoint } = JSON.parse(String(first[0])) as { readonly endpoint: string }
  return {
    child,
    endpoint,
    port: Number(new URL(endpoint).port),
    stderr: () => stderr,
    log: () =>
      stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
    ended,
  }
}

/** A folder that is gone when the test is over. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-server-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** The SDK's client as it comes: HTTP/2. */
export function sdkClient(endpoint: string, options: KinesisClientConfig = {}): KinesisClient {
  const credentials = { accessKeyId: 'id', secretAccessKey: 'a-secret-that-no-log-shows' }
  const client = new KinesisClient({ region: 'us-east-1', credentials, endpoint, ...options })
  onTestFinished(() => client.destroy())
  return client
}

/** A request of HTTP/1.1 as bytes: its head, and its body. */
export function rawRequest(operation: string, input: unknown): readonly [head: string, body: string] {
  const body = JSON.stringify(input)
  const head = [
    'POST / HTTP/1.1',
    'host: localhost',
    'content-type: application/x-amz-json-1.1',
    `x-amz-target: Kinesis_20131202.${operation}`,
    'x-amz-date: 20260101T000000Z',
    'authorization: AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return [`${head.join('\r\n')}\r\n\r\n`, body]
}

/** A connection that keeps what it was sent. */
export class RawConnection {
  readonly socket: Socket
  readonly closed: Promise<string>
  #text = ''

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => undefined)
    this.socket.on('data', (chunk: Buffer) => (this.#text += chunk.toString('latin1')))
    this.closed = once(this.socket, 'close').then(() => this.#text)
    onTestFinished(() => void this.socket.destroy())
  }

  get text(): string {
    return this.#text
  }

  /** Waits until what it was sent contains this. */
  async until(part: string): Promise<string> {
    while (!this.#text.includes(part)) await once(this.socket, 'data')
    return this.#text
  }
}

/** Waits until the server's own figures say so: nothing else tells that a request has arrived. */
export async function untilUnderWay(endpoint: string, requests: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const text = await (await fetch(`${endpoint}/metrics`)).text()
      // This look is one of them.
      const found = /^millrace_requests_under_way (\d+)$/m.exec(text)?.[1]
      if (Number(found) !== requests + 1) throw new Error(`${found} requests are under way`)
    },
    { timeout: 20_000, interval: 20 },
  )
}
