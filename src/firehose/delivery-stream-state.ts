import type { DeliveryConfiguration } from './configuration.ts'

/** Which delivery stream. */
export interface DeliveryKey {
  /** Twelve digits. */
  readonly account: string
  readonly region: string
  /** 1 to 64 characters out of `a-z A-Z 0-9 _ . -`. */
  readonly name: string
}

/** Server-side encryption: a flag, as for streams. Nothing is encrypted. */
export interface DeliveryEncryption {
  readonly keyType: 'AWS_OWNED_CMK' | 'CUSTOMER_MANAGED_CMK'
  readonly keyArn?: string | undefined
}

/** A delivery stream as it is stored. Plain data. */
export interface DeliveryStreamState {
  readonly key: DeliveryKey
  /** A channel of Kinesis Data Streams is one whose words differ. */
  readonly kind: 'delivery-stream' | 'channel'
  /** Tells it from a later one of the same name. A UUID. */
  readonly id: string
  readonly createdAtMs: number
  readonly updatedAtMs: number
  /** From 1; rises with each change of the configuration. */
  readonly versionId: number
  readonly configuration: DeliveryConfiguration
  /** What whoever made it wants to be told of it again, such as the members of AWS's request. Plain data. */
  readonly document: unknown
  readonly tags: Readonly<Record<string, string>>
  readonly encryption?: DeliveryEncryption | undefined
  /** It is CREATING until then. */
  readonly creatingUntilMs: number
  /** It is DELETING until then. */
  readonly deletingUntilMs?: number | undefined
}
