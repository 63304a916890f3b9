import { invalidArgument, type MillraceError } from '../../errors.ts'
import {
  extensionCharactersMax,
  keyBytesMax,
  longestErrorOutputType,
  type NamedTarget,
  objectPrefixes,
  prefixCharactersMax,
} from './object-prefixes.ts'
import type { Prefix } from './prefix.ts'

/** What a delivery stream does that names of its objects depend on. */
export interface NamingRules {
  /** Records are sorted into partitions by a query. */
  readonly partitionedByQuery: boolean
  /** Records are sorted into partitions by a transformation. */
  readonly partitionedByLambda: boolean
  /** The keys that the query finds, as far as they are known. */
  readonly queryKeys?: readonly string[] | undefined
}

/** A name of 64 characters, a version, a time and a UUID, with what joins them. */
const fileNameBytes = 64 + 12 + 57

/**
 * Judges prefix, error prefix, time zone and extension together (Firehose developer guide, "Custom prefixes", "Dynamic
 * partitioning").
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` that names field, value and rule
 */
export function checkedNaming(target: NamedTarget, rules: NamingRules): void {
  const { prefix, errorPrefix } = objectPrefixes(target)
  checkPrefix(target, prefix, rules)
  checkErrorPrefix(target, errorPrefix)
  const { fileExtension } = target
  if (typeof fileExtension !== 'string' || !extensionPattern.test(fileExtension)) {
    throw invalidArgument(
      'fileExtension',
      fileExtension,
      `a full stop and up to 127 of a-z 0-9 ! - _ . * ' ( )`,
    )
  }
}

const extensionPattern = new RegExp(`^(?!.{${extensionCharactersMax + 1}})(?:\\.[0-9a-z!\\-_.*'()]+)?$`)

function checkPrefix(target: NamedTarget, prefix: Prefix, rules: NamingRules): void {
  const refuse = (rule: string): MillraceError => invalidArgument('prefix', target.prefix, rule)
  if (prefix.parts.some((part) => part.kind === 'error-output-type')) {
    throw refuse('without !{firehose:error-output-type}, which is for the error prefix')
  }
  const expressions = prefix.partitionExpressions()
  for (const { from, key } of expressions) {
    const name = from === 'query' ? 'partitionKeyFromQuery' : 'partitionKeyFromLambda'
    if (!(from === 'query' ? rules.partitionedByQuery : rules.partitionedByLambda)) {
      throw refuse(`without !{${name}:${key}}, as nothing finds such keys`)
    }
    if (from === 'query' && rules.queryKeys?.includes(key) === false) {
      throw refuse(
        `without !{${name}:${key}}, which the query does not find; it finds ${rules.queryKeys.join(', ')}`,
      )
    }
  }
  if (expressions.length === 0 && (rules.partitionedByQuery || rules.partitionedByLambda)) {
    throw refuse('a prefix that names partitions, as there is dynamic partitioning')
  }
  checkLength('prefix', target.prefix, prefix)
}

function checkErrorPrefix(target: NamedTarget, errorPrefix: Prefix): void {
  const refuse = (rule: string): MillraceError => invalidArgument('errorPrefix', target.errorPrefix, rule)
  if (target.errorPrefix === '' && target.prefix.includes('!{')) {
    throw refuse('given, as the prefix has expressions')
  }
  if (errorPrefix.partitionExpressions().length > 0) {
    throw refuse('without keys of partitions, which are for the prefix')
  }
  if (!errorPrefix.parts.some((part) => part.kind === 'error-output-type')) {
    throw refuse('one that has !{firehose:error-output-type} among its expressions')
  }
  checkLength('errorPrefix', target.errorPrefix, errorPrefix)
}

/** Values of partitions are not known yet: what is too long with them fails the record. */
function checkLength(field: string, text: string, prefix: Prefix): void {
  const characters = prefix.longest(longestErrorOutputType)
  if (characters > prefixCharactersMax) {
    throw invalidArgument(field, text, `at most ${prefixCharactersMax} characters long when it is evaluated`)
  }
  const bytes = characters + prefix.bytesBeyondCharacters()
  if (bytes + fileNameBytes + extensionCharactersMax > keyBytesMax) {
    throw invalidArgument(field, text, `short enough for keys of at most ${keyBytesMax} bytes`)
  }
}
