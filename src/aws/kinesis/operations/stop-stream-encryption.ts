import type { Operation } from '../call.ts'
import { requireKms } from '../encryption.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly EncryptionType: 'NONE' | 'KMS'
  readonly KeyId: string
}

/** Ends what `StartStreamEncryption` began. */
export const stopStreamEncryption: Operation = {
  name: 'StopStreamEncryption',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    requireKms(input.EncryptionType)
    await stream.settings.stopEncryption()
  },
}
