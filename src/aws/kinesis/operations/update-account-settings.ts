import type { Operation } from '../call.ts'
import { commitmentOutput } from '../commitment-output.ts'

interface Input {
  readonly MinimumThroughputBillingCommitment: { readonly Status: 'ENABLED' | 'DISABLED' }
}

/** Makes the commitment of the caller's account to a minimum throughput, or ends it. */
export const updateAccountSettings: Operation = {
  name: 'UpdateAccountSettings',
  async run(input: Input, call) {
    const enabled = input.MinimumThroughputBillingCommitment.Status === 'ENABLED'
    return commitmentOutput(await call.within(call.account, call.region).setCommitment(enabled))
  },
}
