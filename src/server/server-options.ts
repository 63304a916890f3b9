import type { CredentialOptions } from '../aws/credential.ts'
import type { Keyring } from '../aws/keyring.ts'
import { invalidArgument } from '../errors.ts'
import { requireFirehoseOptions } from '../firehose/checked-firehose-options.ts'
import type { FirehoseOptions } from '../firehose/firehose-options.ts'
import { requireBoolean, requireInteger, requireMatch, requireMethods, requireOptions } from '../options.ts'
import { keyringOf } from './credential-options.ts'
import { type ServerLog, silentLog } from './server-log.ts'
import { checkedTls, type ChosenTls, type TlsOptions } from './tls-options.ts'

/** Options of `startServer`. */
export interface ServerOptions {
  /** Address to listen on. @defaultValue '127.0.0.1' */
  readonly host?: string | undefined
  /** Port; 0 takes any that is free. @defaultValue 4567 */
  readonly port?: number | undefined
  /**
   * Who may call: turns on the verification of signatures, and of policies. Without, whatever a request says of its caller
   * is believed, and only this machine is listened to. @defaultValue nobody is asked
   */
  readonly credentials?: readonly CredentialOptions[] | undefined
  /** Listens to other machines although nobody is asked who they are. @defaultValue false */
  readonly insecure?: boolean | undefined
  /**
   * Names of hosts, beside the usual ones, that requests may be for and pages may come from where there are no
   * credentials; `*` stands for all. @defaultValue none
   */
  readonly allowedHosts?: readonly string[] | undefined
  /**
   * Speaks TLS on the same port. What does not is then taken from this machine only. @defaultValue false
   */
  readonly tls?: TlsOptions | undefined
  /**
   * How long `close` waits for answers that are under way, and lets delivery streams deliver what they have buffered,
   * milliseconds. @defaultValue 10,000
   */
  readonly graceMs?: number | undefined
  /** Whether there is a console, a page for people, at `/console`. @defaultValue true */
  readonly console?: boolean | undefined
  /**
   * What delivery streams need that no request says: where buckets are, tables, functions. They deliver while the server
   * runs. Not for a store that `firehose` of `millrace/firehose`, or another server, delivers for already.
   *
   * @defaultValue buckets in the folder `buckets` of the store's
   */
  readonly firehose?: FirehoseOptions | undefined
  /** Told of failures, and of each request if it takes `debug`. @defaultValue nobody */
  readonly log?: ServerLog | undefined
}

/** What holds unless the caller says otherwise. */
export const serverDefaults: Pick<ChosenServerOptions, 'host' | 'port' | 'graceMs' | 'console'> = {
  host: '127.0.0.1',
  port: 4567,
  graceMs: 10_000,
  console: true,
}

/** The options of a server, filled up. */
export interface ChosenServerOptions {
  readonly host: string
  readonly port: number
  readonly keyring: Keyring | undefined
  readonly insecure: boolean
  /** In lower case. */
  readonly allowedHosts: readonly string[]
  readonly tls: ChosenTls
  readonly graceMs: number
  readonly console: boolean
  /** As they came, checked: whoever begins deliveries fills them up. */
  readonly firehose: FirehoseOptions | undefined
  readonly log: ServerLog
}

/** Checks the options and fills them up. */
export function checkedServerOptions(options: ServerOptions): ChosenServerOptions {
  requireOptions('server options', options, [
    'host',
    'port',
    'credentials',
    'insecure',
    'allowedHosts',
    'tls',
    'graceMs',
    'console',
    'firehose',
    'log',
  ])
  const {
    host = serverDefaults.host,
    port = serverDefaults.port,
    graceMs = serverDefaults.graceMs,
    console = serverDefaults.console,
  } = options
  const { credentials, insecure = false, allowedHosts = [], log = silentLog } = options
  if (options.firehose !== undefined) requireFirehoseOptions('firehose', options.firehose)
  requireMethods('log', log, ['debug', 'info', 'warn', 'error', 'isLevelEnabled'])
  return {
    host: requireMatch('host', host, /^[^\s/]{1,255}$/, 'a host name or an address'),
    port: requireInteger('port', port, 0, 65_535),
    keyring: credentials === undefined ? undefined : keyringOf(credentials),
    insecure: requireBoolean('insecure', insecure),
    allowedHosts: requireHosts(allowedHosts),
    tls: checkedTls(options.tls),
    graceMs: requireInteger('graceMs', graceMs, 0, 2 ** 31 - 1),
    console: requireBoolean('console', console),
    firehose: options.firehose,
    log,
  }
}

function requireHosts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw invalidArgument('allowedHosts', value, 'a list of names of hosts')
  return value.map((host: unknown, index) =>
    requireMatch(
      `allowedHosts[${index}]`,
      host,
      /^(\*|[a-zA-Z0-9_.:-]{1,255})$/,
      'the name of a host, or *',
    ).toLowerCase(),
  )
}
