import type { ObjectTarget } from '../configuration.ts'
import type { ErrorOutputType, PartitionKeys } from '../delivery-record.ts'
import {
  keyBytesMax,
  longestErrorOutputType,
  objectPrefixes,
  prefixCharactersMax,
} from './object-prefixes.ts'
import type { ObjectPrefixes } from './object-prefixes.ts'
import type { PartitionExpression, Prefix } from './prefix.ts'
import { UnnamableRecord } from './unnamable-record.ts'

/** `yyyy-MM-dd-HH-mm-ss-` and a UUID. */
const fileNameTail = 20 + 36
/** The longest extension of a format, such as `.snappy.parquet`, with some room. */
const formatExtensionMax = 24

/**
 * Names of objects as AWS forms them: the evaluated prefix, then
 * `<name>-<version>-<yyyy>-<MM>-<dd>-<HH>-<mm>-<ss>-<uuid><extension>`, in the target's zone.
 */
export class ObjectNaming {
  readonly #prefixes: ObjectPrefixes
  readonly #expressions: readonly PartitionExpression[]
  readonly #fileName: string
  readonly #fileExtension: string
  readonly #randomText: (characters: number) => string
  readonly #uuid: () => string
  /** Characters that are left for the values of partitions. */
  readonly #charactersLeft: number
  /** Bytes that are left for them in a whole key. */
  readonly #bytesLeft: number
  /** How often each expression is used. */
  readonly #uses: readonly number[]

  /**
   * @param of the delivery stream, and the version of its configuration
   * @param randomText text of so many characters, for `!{firehose:random-string}`; new at each call
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for what `checkedNaming` refuses in a prefix or a zone
   */
  constructor(
    target: ObjectTarget,
    of: { readonly name: string; readonly versionId: number },
    randomText: (characters: number) => string,
    uuid: () => string,
  ) {
    this.#prefixes = objectPrefixes(target)
    this.#fileName = `${of.name}-${of.versionId}-`
    this.#fileExtension = target.fileExtension
    this.#randomText = randomText
    this.#uuid = uuid
    const { prefix } = this.#prefixes
    this.#expressions = prefix.partitionExpressions()
    this.#uses = this.#expressions.map((expression) => usesOf(expression, prefix))
    const characters = prefix.longest(longestErrorOutputType)
    this.#charactersLeft = prefixCharactersMax - characters
    this.#bytesLeft =
      keyBytesMax -
      (characters + prefix.bytesBeyondCharacters()) -
      (Buffer.byteLength(this.#fileName) + fileNameTail + (target.fileExtension.length || formatExtensionMax))
  }

  /**
   * Which partition a record belongs to: the same text for the same values, so for the same object.
   *
   * @returns '' if the prefix names no partitions
   * @throws UnnamableRecord if a value that the prefix names is missing or empty, or if a key would be too long with it
   */
  partitionOf(keys: PartitionKeys | undefined): string {
    if (this.#expressions.length === 0) return ''
    let partition = ''
    let characters = 0
    let bytes = 0
    for (const [index, expression] of this.#expressions.entries()) {
      const value = valueOf(expression, keys)
      const uses = this.#uses[index] ?? 1
      characters += value.length * uses
      bytes += Buffer.byteLength(value) * uses
      partition += `${value.length}:${value}` // No two lists of values make the same text.
    }
    if (characters > this.#charactersLeft || bytes > this.#bytesLeft) throw tooLong()
    return partition
  }

  /**
   * The key of an object.
   *
   * @param oldestMs when its oldest record arrived, milliseconds since 1970: the moment of all timestamps in it
   * @param extension of the format, with its full stop; the target's own replaces it
   */
  key(keys: PartitionKeys | undefined, oldestMs: number, extension: string): string {
    return this.#evaluated(this.#prefixes.prefix, keys, oldestMs, '') + (this.#fileExtension || extension)
  }

  /**
   * The key of an object with failed records. It has no extension, as AWS's have none.
   *
   * @param type what `!{firehose:error-output-type}` becomes
   */
  errorKey(type: ErrorOutputType | string, oldestMs: number): string {
    return this.#evaluated(this.#prefixes.errorPrefix, undefined, oldestMs, type)
  }

  #evaluated(
    prefix: Prefix,
    keys: PartitionKeys | undefined,
    oldestMs: number,
    errorOutputType: string,
  ): string {
    const time = this.#prefixes.zone.at(oldestMs)
    const path = prefix.evaluate({
      time,
      errorOutputType,
      randomText: this.#randomText,
      valueOf: (expression) => wellFormed(valueOf(expression, keys)),
    })
    const { year, month, day, hour, minute, second } = time
    const moment = [month, day, hour, minute, second].map((part) => String(part).padStart(2, '0')).join('-')
    return `${path}${this.#fileName}${String(year).padStart(4, '0')}-${moment}-${this.#uuid()}`
  }
}

function valueOf({ from, key }: PartitionExpression, keys: PartitionKeys | undefined): string {
  const values = keys?.[from]
  const value = values !== undefined && Object.hasOwn(values, key) ? values[key] : undefined
  if (typeof value === 'string' && value !== '') return value
  throw new UnnamableRecord(
    'DynamicPartitioning.MetadataExtractionFailed',
    `partitionKeys values must not be null or empty: ${key} is`,
  )
}

function tooLong(): UnnamableRecord {
  return new UnnamableRecord(
    'S3.KeyTooLongError',
    `Values of partitionKeys make a prefix of more than ${prefixCharactersMax} characters or a key of more than ${keyBytesMax} bytes`,
  )
}

function usesOf({ from, key }: PartitionExpression, prefix: Prefix): number {
  return prefix.parts.filter((part) => part.kind === 'partition' && part.from === from && part.key === key)
    .length
}

/** Half of a pair of surrogates has no bytes of its own: it becomes what stands for what is unknown. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}
