import type { Operation } from '../call.ts'
import { requireKms } from '../encryption.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly EncryptionType: 'NONE' | 'KMS'
  readonly KeyId: string
}

/** Says that a stream's records are enciphered; bytes at rest are not. */
export const startStreamEncryption: Operation = {
  name: 'StartStreamEncryption',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    requireKms(input.EncryptionType)
    await stream.settings.startEncryption(input.KeyId)
  },
}
