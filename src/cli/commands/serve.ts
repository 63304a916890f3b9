import { Command, Option } from 'commander'
import { open, type OpenOptions, type Store } from '../../index.ts'
import type { Server } from '../../server/index.ts'
import type { Host } from '../host.ts'
import { type DeliverySettings, deliveryOptions, withDeliveryOptions } from '../delivery-options.ts'
import { prose } from '../prose.ts'
import { guardOf } from '../server-guard.ts'
import { type InitialStream, initialStream } from '../initial-stream.ts'
import { LimitWarnings } from '../limit-warnings.ts'
import { type LogLevel, logLevels, ServeLog } from '../server-log.ts'
import { serviceLinkWarnings } from '../service-links.ts'
import { withSettings } from '../settings.ts'
import { type StorePlace, storePlace } from '../store-place.ts'
import { listed, wholeNumber } from '../values.ts'

interface ServeOptions extends StorePlace, DeliverySettings {
  readonly dir: string
  readonly host: string
  readonly port: number
  readonly limits: 'off' | 'report' | 'enforce'
  readonly account: string
  readonly region: string
  readonly stream: readonly InitialStream[]
  readonly graceSeconds: number
  readonly console: boolean
  readonly credentials?: string
  readonly insecure?: boolean
  readonly allowHost: readonly string[]
  readonly tls?: boolean
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly logLevel: LogLevel
  readonly json?: boolean
}

const description = prose(`
Serves a store to clients of Amazon Kinesis and Amazon Data Firehose: point their endpoint at it.

Takes HTTP/1.1 and HTTP/2 on one port. Prints one line on standard output when it is ready; everything else goes to standard
error. Ctrl-C or SIGTERM ends it: requests under way are answered, subscriptions end, the store is closed. A second one half a
second later ends it at once: what is not delivered stays in the store.

Every option can be set in the environment, too (--grace-seconds is MILLRACE_GRACE_SECONDS), and in a file of JSON that --config
names ({"graceSeconds": 5}); the command line wins, then the environment.
`)

const examples = `
Examples:
  $ millrace serve --stream clicks:4
  $ millrace serve --memory --port 0 --limits enforce
  $ AWS_ENDPOINT_URL=http://127.0.0.1:4567 aws kinesis list-streams`

/** `millrace serve`: a store as an endpoint of Kinesis and Firehose. */
export function serveCommand(host: Host): Command {
  const command = new Command('serve')
    .summary('serve a store to clients of Amazon Kinesis and Firehose')
    .description(description)
    .option('--dir <folder>', 'folder of the store; made if there is none, in one that exists', './data')
    .option('--memory', 'keep the store in memory: nothing is left when it ends')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes any that is free', wholeNumber(0, 65_535), 4567)
    .addOption(
      new Option('--durability <mode>', 'what a stored record survives (process)').choices([
        'process',
        'commit',
        'interval',
        'none',
      ]),
    )
    .addOption(
      new Option('--limits <mode>', "AWS's limits of throughput and calls")
        .choices(['off', 'report', 'enforce'])
        .default('off'),
    )
    .option('--account <id>', 'account of whoever has no twelve digits for an access key id', '000000000000')
    .option('--region <name>', 'region of whoever names none', 'us-east-1')
    .option(
      '--stream <name:shards>',
      'create this stream unless there is one; repeatable, in the environment separated by commas',
      initialStream,
      [],
    )
    .option(
      '--grace-seconds <seconds>',
      'how long an end waits for requests under way and for deliveries',
      wholeNumber(0, 86_400),
      10,
    )
    .option('--no-console', 'no page for people at /console')
    .option('--credentials <file>', 'ask for signatures: file of JSON with who may do what')
    .option('--insecure', 'listen to other machines although nobody is asked who they are')
    .option(
      '--allow-host <name>',
      'without credentials: a further host that requests may be for and pages may come from; repeatable',
      listed,
      [],
    )
    .option('--tls', 'speak TLS, with a certificate that signs itself unless one is given')
    .option('--tls-cert <file>', 'certificate, PEM; with --tls-key')
    .option('--tls-key <file>', 'private key of the certificate, PEM')
    .addOption(
      new Option('--log-level <level>', 'how much to say on standard error')
        .choices(logLevels)
        .default('info'),
    )
    .option('--json', 'print the ready line and errors as JSON')
    .addHelpText('after', examples)
  return withSettings(withDeliveryOptions(command), host).action(async (_options: unknown, self: Command) => {
    await serve(host, { ...self.opts<ServeOptions>(), ...storePlace(self) })
  })
}

async function serve(host: Host, options: ServeOptions): Promise<void> {
  const { dir, memory, json, graceSeconds, stream: streams } = options
  // What a command that serves nothing need not load.
  const { startServer } = await import('../../server/index.ts')
  const log = new ServeLog(options.logLevel, host.stderr.isTTY === true)
  const warn = (message: string): void => log.warn({}, message)
  for (const message of serviceLinkWarnings(process.env)) warn(message)
  const limitWarnings = new LimitWarnings((facts, message) => log.warn(facts, message))
  let store: Store | undefined
  try {
    // What cannot be read leaves no store behind.
    const guard = await guardOf(options, warn)
    const firehose = await deliveryOptions(options)
    store = await openStore(options, log, limitWarnings)
    for (const { name, shards } of streams) await ensureStream(store, name, shards)
    const server = await startServer(store, {
      host: options.host,
      port: options.port,
      graceMs: graceSeconds * 1000,
      console: options.console,
      ...guard,
      firehose,
      log,
    })
    const { endpoint, certificateFile } = server
    const facts = { endpoint, store: memory ? 'memory' : dir, certificateFile }
    await (json
      ? host.output.write(`${JSON.stringify({ ready: true, ...facts })}\n`)
      : host.output.lines([readyLine(facts)]))
    log.info(facts, 'ready')
    log.loadSoon()
    await ended(host, server, log)
    limitWarnings.flush()
  } finally {
    // Also when it did not start: the store may have warned.
    await log.load()
    await store?.close()
  }
  log.info({}, 'ended: the store is closed')
}

/** The one line on standard output, for people. */
function readyLine(ready: {
  readonly endpoint: string
  readonly store: string
  readonly certificateFile: string | undefined
}): string {
  const { endpoint, store, certificateFile } = ready
  const trust = certificateFile === undefined ? '' : `; clients trust ${certificateFile}`
  return `millrace is ready on ${endpoint}, store in ${store}${trust}`
}

function openStore(
  { memory, dir, durability, limits, account, region }: ServeOptions,
  log: ServeLog,
  limitWarnings: LimitWarnings,
): Promise<Store> {
  const shared: OpenOptions = {
    limits,
    account,
    region,
    onWarning: ({ code, message }) => log.warn({ code }, message),
    ...(limits === 'off' ? {} : { onLimit: (event) => limitWarnings.add(event) }),
  }
  if (memory) return open('memory:', shared)
  return open(dir, durability === undefined ? shared : { ...shared, durability })
}

async function ensureStream(store: Store, name: string, shards: number): Promise<void> {
  if (store.listStreams().some((stream) => stream.name === name)) return
  await store.createStream(name, { shards })
}

/** Waits for the wish to end, and ends. */
async function ended({ signal }: Host, server: Server, log: ServeLog): Promise<void> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  const { reason } = signal as { readonly reason: unknown }
  log.info({ why: reason instanceof Error ? reason.message : 'nobody reads its output' }, 'ending')
  await server.close()
}
