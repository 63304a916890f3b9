import type { ObjectTarget } from '../configuration.ts'
import type { ErrorOutputType, PartitionKeys } from '../delivery-record.ts'
import { KeyTemplate } from './key-template.ts'
import { ObjectNaming } from './object-naming.ts'

/** A channel, as far as names of objects tell of it. */
export interface NamedChannel {
  readonly name: string
  readonly id: string
  readonly versionId: number
}

/** Where failed records of a channel go by default (AWS SDK's example of CreateChannel). */
export function defaultErrorPrefix({ name, id }: Pick<NamedChannel, 'name' | 'id'>): string {
  return `kinesis-channel/errors/${name}/${id}/`
}

/**
 * Names of objects of a channel: the template makes the whole key, and something that no other key has comes before its
 * extension, or behind it where the template has more to come (Kinesis developer guide, "S3 output key template").
 */
export class ChannelNaming {
  readonly #template: KeyTemplate
  readonly #channel: NamedChannel
  readonly #errors: ObjectNaming
  readonly #uuid: () => string

  /**
   * @param randomText as that of `ObjectNaming`, for the prefix of failed records
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for a template that is none
   */
  constructor(
    target: ObjectTarget,
    channel: NamedChannel,
    randomText: (characters: number) => string,
    uuid: () => string,
  ) {
    this.#template = new KeyTemplate('keyTemplate', target.keyTemplate)
    this.#channel = channel
    this.#uuid = uuid
    const errorPrefix = target.errorPrefix || defaultErrorPrefix(channel)
    this.#errors = new ObjectNaming({ ...target, prefix: '', errorPrefix }, channel, randomText, uuid)
  }

  /** Channels have no partitions. */
  partitionOf(_keys: PartitionKeys | undefined): string {
    return ''
  }

  /** As `ObjectNaming.key`. The time is UTC. */
  key(_keys: PartitionKeys | undefined, oldestMs: number, extension: string): string {
    return this.#template.key(this.#channel, oldestMs, extension, this.#uuid())
  }

  /** As `ObjectNaming.errorKey`. */
  errorKey(type: ErrorOutputType | string, oldestMs: number): string {
    return this.#errors.errorKey(type, oldestMs)
  }
}
