import type { ObjectTarget } from '../../../firehose/configuration.ts'
import { checkedNaming } from '../../../firehose/naming/checked-naming.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import { asInvalidArgument } from '../refusal.ts'
import { expressionsOf, type PrefixExpression } from './prefix-expressions.ts'

/** Where the keys of partitions come from. */
export interface PartitionRules {
  /** Dynamic partitioning is enabled. */
  readonly enabled: boolean
  /** There is a processor that extracts keys. */
  readonly byQuery: boolean
  readonly byLambda: boolean
  /** What the query answers, if that can be told without running it. */
  readonly queryKeys?: readonly string[] | undefined
}

/** Objects are not partitioned. */
export const unpartitioned: PartitionRules = { enabled: false, byQuery: false, byLambda: false }

/** What only an error prefix has. */
const errorType = '!{firehose:error-output-type}'

/**
 * The rules of prefixes in the service's order and words (Firehose developer guide, "Custom prefixes for Amazon S3 objects";
 * the words as others saw them). What is within an expression is judged where objects are named.
 */
export function requireNames(target: ObjectTarget, partitions: PartitionRules): void {
  const { prefix, errorPrefix } = target
  const expressions = expressionsOf('Prefix', prefix)
  const errorExpressions = expressionsOf('ErrorOutputPrefix', errorPrefix)
  if (expressions.some(isErrorType)) {
    throw invalidArgumentFault(`Prefix must not contain any occurrence of ${errorType}`)
  }
  if (errorExpressions.some(({ namespace }) => isPartition(namespace))) {
    throw invalidArgumentFault("Dynamic Partitioning Namespaces can't be part of an error prefix expression")
  }
  if (expressions.length > 0 && errorPrefix === '') {
    throw invalidArgumentFault('ErrorOutputPrefix cannot be null or empty when Prefix contains expressions')
  }
  if (errorExpressions.length > 0 && !errorExpressions.some(isErrorType)) {
    throw invalidArgumentFault(`ErrorOutputPrefix must contain at least one occurrence of ${errorType}`)
  }
  requirePartitions(
    expressions.filter(({ namespace }) => isPartition(namespace)),
    partitions,
  )
  judged(target, partitions)
}

function requirePartitions(
  expressions: readonly PrefixExpression[],
  { enabled, byQuery, byLambda, queryKeys }: PartitionRules,
): void {
  if (!enabled) {
    if (expressions.length === 0) return
    throw invalidArgumentFault(
      'Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.',
    )
  }
  if (expressions.length === 0) {
    throw invalidArgumentFault(
      'S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled',
    )
  }
  const named = expressions.filter(({ namespace }) => namespace === 'partitionKeyFromQuery')
  if (named.length > 0 && !byQuery) {
    throw invalidArgumentFault(
      'partitionKeyFromQuery in Prefix needs a MetadataExtraction processor that is enabled.',
    )
  }
  if (named.length < expressions.length && !byLambda) {
    throw invalidArgumentFault('partitionKeyFromLambda in Prefix needs a Lambda processor that is enabled.')
  }
  if (queryKeys?.some((key) => !named.some(({ value }) => value === key))) {
    throw invalidArgumentFault(
      "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression",
    )
  }
}

function isErrorType({ namespace, value }: PrefixExpression): boolean {
  return namespace === 'firehose' && value === 'error-output-type'
}

function isPartition(namespace: string): boolean {
  return namespace === 'partitionKeyFromQuery' || namespace === 'partitionKeyFromLambda'
}

/** Whatever names objects has the last word: patterns, zones, lengths. */
function judged(target: ObjectTarget, { enabled, byQuery, byLambda, queryKeys }: PartitionRules): void {
  const rules = {
    partitionedByQuery: enabled && byQuery,
    partitionedByLambda: enabled && byLambda,
    queryKeys,
  }
  try {
    checkedNaming(target, rules)
  } catch (error) {
    throw asInvalidArgument(error, memberOf)
  }
}

const memberOf: Readonly<Record<string, string>> = {
  prefix: 'Prefix',
  errorPrefix: 'ErrorOutputPrefix',
  timeZone: 'CustomTimeZone',
  fileExtension: 'FileExtension',
}
