import { RecordFlag } from '../log/log.ts'

/** What the flags of a record say of its encryption, as the stream was when it was put. */
export function encryptionIn(flags: number): 'NONE' | 'KMS' {
  return (flags & RecordFlag.kms) === 0 ? 'NONE' : 'KMS'
}
