import { AssertionError } from 'node:assert'
import { invalidArgument } from '../errors.ts'
import { requireCallback, requireOneOf, requireOptions } from '../options.ts'

/** A record as a consumer got it: one of this library, or as AWS's clients spell it. */
export type DeliveredRecord =
  | {
      readonly partitionKey: string
      readonly sequenceNumber: string
      /** Records that were routed by different hash keys have an order for each. */
      readonly explicitHashKey?: string | undefined
    }
  | { readonly PartitionKey?: string | undefined; readonly SequenceNumber?: string | undefined }

/** Options of `expectOrderPerKey`. */
export interface KeyOrderOptions<R> {
  /**
   * A value that the producer let grow for each key, such as a counter in the payload: it is compared instead of the
   * records' places in the stream, and so finds a producer that put them in the wrong order.
   */
  readonly by?: ((record: R) => number | bigint | string) | undefined
  /** `'allow'` for consumers that may see a record again: what they saw before does not count. @defaultValue 'refuse' */
  readonly duplicates?: 'refuse' | 'allow' | undefined
}

/** A record among those of its key. */
interface Delivery {
  /** Among all records, from 0 on. */
  readonly index: number
  readonly sequenceNumber: string
  /** What `by` says of it. */
  readonly value: number | bigint | string | undefined
}

/** What is known of one key. */
interface KeyHistory {
  last: Delivery
  readonly seen: Set<string>
}

/**
 * Throws unless the records of each partition key come in the order in which the stream holds them, and none of them
 * twice. What a consumer collected, over all shards and reshards, goes in as it came; keys may be mixed as they like.
 *
 * ```ts
 * expectOrderPerKey(await drain(clicks))
 * ```
 *
 * @throws `AssertionError` that names the key and the two records; `ERR_MILLRACE_INVALID_ARGUMENT` for what is no record
 */
export function expectOrderPerKey<R extends DeliveredRecord>(
  records: Iterable<R>,
  options: KeyOrderOptions<R> = {},
): void {
  requireOptions('expectOrderPerKey options', options, ['by', 'duplicates'])
  const { by, duplicates = 'refuse' } = options
  requireCallback('by', by)
  requireOneOf('duplicates', duplicates, ['refuse', 'allow'])
  const histories = new Map<string, KeyHistory>()
  let index = 0
  for (const record of records) {
    const { partitionKey, route, sequenceNumber } = identityOf(record, index)
    const delivery: Delivery = { index, sequenceNumber, value: by?.(record) }
    const history = histories.get(route)
    index += 1
    if (history === undefined) {
      histories.set(route, { last: delivery, seen: new Set([sequenceNumber]) })
    } else if (!history.seen.has(sequenceNumber)) {
      const wrong = wrongAfter(history.last, delivery)
      if (wrong !== undefined) throw failure(partitionKey, history.last, delivery, wrong)
      history.seen.add(sequenceNumber)
      history.last = delivery
    } else if (duplicates === 'refuse') {
      throw failure(partitionKey, history.last, delivery, 'it had been delivered before')
    }
  }
}

function identityOf(
  record: DeliveredRecord,
  index: number,
): {
  readonly partitionKey: string
  /** Records that have the same one have an order. */
  readonly route: string
  readonly sequenceNumber: string
} {
  if (typeof record !== 'object' || record === null)
    throw invalidArgument(`records[${index}]`, record, 'a record')
  const partitionKey = 'partitionKey' in record ? record.partitionKey : (aws(record).PartitionKey ?? '')
  const sequenceNumber = 'sequenceNumber' in record ? record.sequenceNumber : aws(record).SequenceNumber
  if (typeof partitionKey !== 'string')
    throw invalidArgument(`records[${index}].partitionKey`, partitionKey, 'a string')
  if (typeof sequenceNumber !== 'string' || !/^\d{1,128}$/.test(sequenceNumber))
    throw invalidArgument(`records[${index}].sequenceNumber`, sequenceNumber, 'a sequence number')
  const hashKey = 'explicitHashKey' in record ? record.explicitHashKey : undefined
  return { partitionKey, route: routeOf(partitionKey, hashKey, sequenceNumber), sequenceNumber }
}

/** A record without a partition key went anywhere, and comes before and after nothing. */
function routeOf(partitionKey: string, hashKey: string | undefined, sequenceNumber: string): string {
  if (hashKey !== undefined) return `${hashKey} ${partitionKey}`
  return partitionKey === '' ? `none ${sequenceNumber}` : `key ${partitionKey}`
}

function aws(record: object): { readonly PartitionKey?: unknown; readonly SequenceNumber?: unknown } {
  return record
}

/** Why this record cannot follow the last one of its key; `undefined` if it can. */
function wrongAfter(last: Delivery, { sequenceNumber, value }: Delivery): string | undefined {
  if (value !== undefined && last.value !== undefined)
    return value > last.value ? undefined : `${String(value)} does not come after ${String(last.value)}`
  // Those of a shard's children exceed its own.
  return isGreater(sequenceNumber, last.sequenceNumber) ? undefined : 'it was stored earlier'
}

/** Compares decimal numbers of any length. */
function isGreater(a: string, b: string): boolean {
  return a.length === b.length ? a > b : BigInt(a) > BigInt(b)
}

function failure(key: string, before: Delivery, record: Delivery, reason: string): AssertionError {
  return new AssertionError({
    message:
      `the records of ${JSON.stringify(key)} are out of order: records[${record.index}] ` +
      `(${record.sequenceNumber}) follows records[${before.index}] (${before.sequenceNumber}), but ${reason}`,
    actual: record.sequenceNumber,
    expected: before.sequenceNumber,
    operator: 'expectOrderPerKey',
    stackStartFn: expectOrderPerKey,
  })
}
