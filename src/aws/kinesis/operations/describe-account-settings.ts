import type { Operation } from '../call.ts'
import { commitmentOutput } from '../commitment-output.ts'

/** What is set of the caller's account in the region. */
export const describeAccountSettings: Operation = {
  name: 'DescribeAccountSettings',
  run(_input: unknown, call) {
    return commitmentOutput(call.within(call.account, call.region).commitment())
  },
}
