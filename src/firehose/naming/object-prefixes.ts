import type { ObjectTarget } from '../configuration.ts'
import { Prefix } from './prefix.ts'
import { TimeZone } from './zoned-time.ts'

/** What names of objects are made of. */
export type NamedTarget = Pick<ObjectTarget, 'prefix' | 'errorPrefix' | 'timeZone' | 'fileExtension'>

/** The two prefixes of a target as they are evaluated: with the paths that AWS appends to those without expressions. */
export interface ObjectPrefixes {
  readonly zone: TimeZone
  readonly prefix: Prefix
  readonly errorPrefix: Prefix
}

/** Appended to a prefix that has no expression at all; nothing comes between. */
const defaultPath = '!{timestamp:yyyy/MM/dd/HH/}'
/** The same for errors. */
const defaultErrorPath = `!{firehose:error-output-type}/${defaultPath}`

/**
 * The guide says that the path is appended to every prefix without a timestamp, but its own example of partitions shows that
 * it is not where there are other expressions (Firehose developer guide, "Custom prefixes", "Dynamic partitioning").
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for expressions that are none, and for a zone that is none
 */
export function objectPrefixes(target: NamedTarget): ObjectPrefixes {
  const zone = new TimeZone('timeZone', target.timeZone)
  const prefix = new Prefix('prefix', target.prefix, zone)
  const errorPrefix = new Prefix('errorPrefix', target.errorPrefix, zone)
  const withPath = (field: string, given: Prefix, text: string, path: string): Prefix =>
    given.isPlain ? new Prefix(field, text + path, zone) : given
  return {
    zone,
    prefix: withPath('prefix', prefix, target.prefix, defaultPath),
    // Without a prefix for errors they lie beside the objects, under a prefix that has no expression.
    errorPrefix: withPath('errorPrefix', errorPrefix, target.errorPrefix || target.prefix, defaultErrorPath),
  }
}

/** The longest words that `!{firehose:error-output-type}` becomes. */
export const longestErrorOutputType = 'format-conversion-failed'
/** Characters of an evaluated prefix at most (Firehose developer guide, "Custom prefixes"). */
export const prefixCharactersMax = 512
/** Bytes of a key at most, as S3 has it. */
export const keyBytesMax = 1024
/** The longest extension that one may ask for. */
export const extensionCharactersMax = 128
