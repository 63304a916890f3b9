import type { StreamState } from '../../meta/state.ts'
import { invalidArgumentFault } from '../wire/fault.ts'

/** `KMS` for a stream that says it is encrypted; put answers of others do not mention it. */
export function encryptionOf({ settings }: Pick<StreamState, 'settings'>): 'KMS' | undefined {
  return settings?.kmsKeyId === undefined ? undefined : 'KMS'
}

/** The only type that can be started and stopped (AWS API model). @throws `InvalidArgumentException` */
export function requireKms(type: 'NONE' | 'KMS'): void {
  if (type !== 'KMS')
    throw invalidArgumentFault(`EncryptionType ${type} can be neither started nor stopped: use KMS.`)
}
