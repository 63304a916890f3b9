/** Why a record belongs to no partition, so that no object can have it. It never leaves `src/firehose`. */
export class UnnamableRecord extends Error {
  override readonly name = 'UnnamableRecord'
  /** In the words of AWS's failed records. */
  readonly code: 'DynamicPartitioning.MetadataExtractionFailed' | 'S3.KeyTooLongError'

  constructor(code: UnnamableRecord['code'], message: string) {
    super(message)
    this.code = code
  }
}
