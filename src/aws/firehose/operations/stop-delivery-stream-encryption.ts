import type { Operation } from '../call.ts'
import { requireDirect } from '../encryption-input.ts'
import { stateOf, type Target } from '../target.ts'

/** Says no more that a delivery stream's records are enciphered. */
export const stopDeliveryStreamEncryption: Operation = {
  name: 'StopDeliveryStreamEncryption',
  async run(input: Target, call) {
    const { key, configuration } = stateOf(input, call)
    requireDirect(configuration.source)
    await call.firehose.stopEncryption(key)
    return {}
  },
}
