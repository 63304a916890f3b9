import type { Operation } from '../call.ts'
import { encryptionOf } from '../encryption-input.ts'
import type { EncryptionInputMembers } from '../members.ts'
import { stateOf, type Target } from '../target.ts'

interface Input extends Target {
  readonly DeliveryStreamEncryptionConfigurationInput?: EncryptionInputMembers
}

/** Says that a delivery stream's records are enciphered; bytes at rest are not. */
export const startDeliveryStreamEncryption: Operation = {
  name: 'StartDeliveryStreamEncryption',
  async run(input: Input, call) {
    const { key, configuration } = stateOf(input, call)
    const encryption = encryptionOf(configuration.source, input.DeliveryStreamEncryptionConfigurationInput)
    await call.firehose.startEncryption(key, encryption)
    return {}
  },
}
