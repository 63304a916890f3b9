import type { SourceConfiguration } from '../../../firehose/configuration.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { KinesisSourceMembers } from '../members.ts'
import { unsupported } from './unsupported.ts'

export type DeliveryStreamType = 'DirectPut' | 'KinesisStreamAsSource' | 'MSKAsSource' | 'DatabaseAsSource'

/** The members of a request that say where records come from. */
export interface SourceMembers {
  readonly DeliveryStreamType?: DeliveryStreamType
  readonly DirectPutSourceConfiguration?: { readonly ThroughputHintInMBs: number }
  readonly KinesisStreamSourceConfiguration?: KinesisSourceMembers
  readonly MSKSourceConfiguration?: unknown
  readonly DatabaseSourceConfiguration?: unknown
}

/** Where records come from. @param nowMs from when on a stream is read */
export function sourceOf(members: SourceMembers, nowMs: number): SourceConfiguration {
  const { DeliveryStreamType: type = 'DirectPut', KinesisStreamSourceConfiguration: kinesis } = members
  const instead = 'use DirectPut or KinesisStreamAsSource'
  if (type !== 'DirectPut' && type !== 'KinesisStreamAsSource') {
    throw unsupported(`DeliveryStreamType ${type}`, instead)
  }
  for (const member of ['MSKSourceConfiguration', 'DatabaseSourceConfiguration'] as const) {
    if (members[member] !== undefined) throw unsupported(member, instead)
  }
  if (type === 'DirectPut') {
    if (kinesis === undefined) return { kind: 'direct' }
    throw invalidArgumentFault(
      'KinesisSourceStreamConfig is only applicable for KinesisStreamAsSource stream type',
    )
  }
  if (members.DirectPutSourceConfiguration !== undefined) {
    throw invalidArgumentFault('DirectPutSourceConfiguration is only applicable for DirectPut stream type')
  }
  if (kinesis === undefined) {
    throw invalidArgumentFault(
      'KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.',
    )
  }
  return { kind: 'stream', streamArn: kinesis.KinesisStreamARN, fromMs: nowMs }
}
