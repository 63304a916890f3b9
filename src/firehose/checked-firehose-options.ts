import { join } from 'node:path'
import { invalidArgument } from '../errors.ts'
import { requireBoolean, requireCallback, requireInteger, requireOptions } from '../options.ts'
import { hourMs, MiB } from '../units.ts'
import { memoryBytesDefault } from './buffers/memory-budget.ts'
import type { FirehoseOptions } from './firehose-options.ts'

/** The options of a store's deliveries, filled up. */
export type ChosenFirehoseOptions = FirehoseOptions & { readonly memoryBytes: number }

/** Every option there is. */
const keys: readonly string[] = Object.keys({
  buckets: true,
  functions: true,
  lambda: true,
  receivers: true,
  receiveTimeoutMs: true,
  kinesis: true,
  tables: true,
  memoryBytes: true,
  onLog: true,
} satisfies Record<keyof FirehoseOptions, true>)

const endpointKeys: readonly string[] = ['endpoint', 'region', 'credentials']
/** With what clients of the SDK write into credentials that a program gives to them, too. */
const credentialKeys: readonly string[] = ['accessKeyId', 'secretAccessKey', 'sessionToken', '$source']

/** Nobody waits longer for a receiver. Milliseconds. */
const receiveTimeoutMsMax: number = 24 * hourMs

/** One slab for each of a few partitions; and no more than anybody's machine has. Bytes. */
const memoryBytesMin: number = 8 * MiB
const memoryBytesMax: number = 1024 * 1024 * MiB

/**
 * Checks the options of `firehose`, and fills them up.
 *
 * @param folder the store's own, if it has one
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function checkedFirehoseOptions(
  options: FirehoseOptions,
  folder: string | undefined,
): ChosenFirehoseOptions {
  requireFirehoseOptions('firehose options', options)
  const { buckets, memoryBytes = memoryBytesDefault } = options
  return {
    ...options,
    buckets: buckets ?? (folder === undefined ? undefined : join(folder, 'buckets')),
    memoryBytes,
  }
}

/**
 * Checks the options of `firehose`, for whoever passes them on.
 *
 * @param where what they are called in a message
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function requireFirehoseOptions(where: string, options: FirehoseOptions): void {
  requireOptions(where, options, keys)
  const { buckets, functions, lambda, receivers, receiveTimeoutMs, kinesis, tables, memoryBytes, onLog } =
    options
  if (buckets !== undefined) checkBuckets(buckets)
  checkMap('functions', functions, 'function')
  checkMap('receivers', receivers, 'function')
  if (receiveTimeoutMs !== undefined)
    requireInteger('receiveTimeoutMs', receiveTimeoutMs, 1, receiveTimeoutMsMax)
  if (lambda !== undefined) checkLambda(lambda)
  if (kinesis !== undefined) checkEndpoint('kinesis', kinesis, [])
  checkMap('tables', tables, 'object')
  requireCallback('onLog', onLog)
  if (memoryBytes !== undefined) requireInteger('memoryBytes', memoryBytes, memoryBytesMin, memoryBytesMax)
}

function checkBuckets(buckets: unknown): void {
  if (typeof buckets !== 'string') {
    checkEndpoint('buckets', buckets, ['forcePathStyle'])
    const { forcePathStyle } = buckets as { readonly forcePathStyle?: unknown }
    if (forcePathStyle !== undefined) requireBoolean('buckets.forcePathStyle', forcePathStyle)
  } else if (buckets === '' || buckets.includes('\0')) {
    throw invalidArgument('buckets', buckets, 'a folder, or how S3 is reached')
  }
}

/** Calls of functions are not signed: there is nobody to be. */
function checkLambda(lambda: unknown): void {
  requireOptions('lambda', lambda, ['endpoint'])
  const { endpoint } = lambda as { readonly endpoint?: unknown }
  checkUrl('lambda.endpoint', endpoint)
}

function checkEndpoint(field: string, value: unknown, moreKeys: readonly string[]): void {
  requireOptions(field, value, [...endpointKeys, ...moreKeys])
  const { endpoint, region, credentials } = value as Readonly<Record<string, unknown>>
  if (endpoint !== undefined) checkUrl(`${field}.endpoint`, endpoint)
  checkText(`${field}.region`, region)
  if (credentials === undefined) return
  requireOptions(`${field}.credentials`, credentials, credentialKeys)
  const given = credentials as Readonly<Record<string, unknown>>
  for (const name of ['accessKeyId', 'secretAccessKey']) {
    // The value is a secret: it appears in no message.
    if (typeof given[name] !== 'string')
      throw invalidArgument(`${field}.credentials.${name}`, undefined, 'a string')
  }
  if (given['sessionToken'] !== undefined && typeof given['sessionToken'] !== 'string') {
    throw invalidArgument(`${field}.credentials.sessionToken`, undefined, 'a string')
  }
}

function checkUrl(field: string, value: unknown): void {
  if (typeof value === 'string' && /^https?:\/\/\S+$/.test(value) && URL.canParse(value)) return
  throw invalidArgument(field, value, 'a URL of http or https')
}

function checkText(field: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return
  throw invalidArgument(field, value, 'a string')
}

function checkMap(field: string, map: unknown, kind: 'function' | 'object'): void {
  if (map === undefined) return
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw invalidArgument(field, map, 'an object')
  for (const [name, value] of Object.entries(map)) {
    if (typeof value === kind && value !== null) continue
    throw invalidArgument(
      `${field}[${JSON.stringify(name)}]`,
      value,
      kind === 'function' ? 'a function' : 'columns',
    )
  }
}
