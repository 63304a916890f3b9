import firehoseOperations from './firehose-operations.json' with { type: 'json' }
import kinesisOperations from './kinesis-operations.json' with { type: 'json' }

/** What a member of a structure, an entry of a list, or a key or value of a map may be. */
export interface MemberShape {
  readonly type:
    | 'string'
    | 'integer'
    | 'long'
    | 'boolean'
    | 'double'
    | 'blob'
    | 'timestamp'
    | 'list'
    | 'map'
    | 'structure'
  readonly required?: boolean
  /** The model's name; of a structure, its key in `structures`. */
  readonly shape?: string
  /** Length of strings (characters), blobs (bytes), lists and maps; value of numbers. */
  readonly min?: number
  readonly max?: number
  /** Matches the whole string. */
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly member?: MemberShape
  readonly key?: MemberShape
  readonly value?: MemberShape
  /** The member is not part of the answer's document: it is a stream of events. */
  readonly eventstream?: boolean
}

/** Members by name, in the model's order. */
export type StructureShape = Readonly<Record<string, MemberShape>>

/** One operation of a service. */
export interface OperationModel {
  /** The value of the header `X-Amz-Target`. */
  readonly target: string
  readonly kind?: 'control' | 'data'
  /** Names in `structures`; `null` for one without members. */
  readonly input: string | null
  readonly output: string | null
  readonly errors: readonly string[]
}

/** One error that a service answers with. */
export interface ErrorModel {
  readonly status: number
  readonly fault: 'client' | 'server'
  readonly members: readonly string[]
}

/** Everything that the model says about a service. */
export interface ServiceModel {
  readonly service: {
    readonly name: string
    readonly targetPrefix: string
    readonly contentType: string
    readonly signingName: string
  }
  readonly operations: Readonly<Record<string, OperationModel>>
  readonly errors: Readonly<Record<string, ErrorModel>>
  readonly structures: Readonly<Record<string, StructureShape>>
}

/** Amazon Kinesis Data Streams, as NOTICE.md says where from. */
export const kinesisModel: ServiceModel = kinesisOperations as unknown as ServiceModel

const firehoseAsAws: ServiceModel = firehoseOperations as unknown as ServiceModel

/**
 * Amazon Data Firehose, as NOTICE.md says where from, but for one pattern: an HTTP endpoint may be `http:`, too. AWS reaches
 * endpoints over the internet and wants `https:` of them; whoever runs this has them on the same machine.
 */
export const firehoseModel: ServiceModel = {
  ...firehoseAsAws,
  structures: {
    ...firehoseAsAws.structures,
    HttpEndpointConfiguration: {
      ...firehoseAsAws.structures['HttpEndpointConfiguration'],
      Url: {
        required: true,
        type: 'string',
        shape: 'HttpEndpointUrl',
        min: 1,
        max: 1000,
        pattern: 'https?://.*',
      },
    },
  },
}
