import type { Operation } from '../call.ts'
import { consumerOf, type ConsumerTarget } from '../consumer-target.ts'

/** Deregisters a consumer; its subscriptions end. */
export const deregisterStreamConsumer: Operation = {
  name: 'DeregisterStreamConsumer',
  async run(input: ConsumerTarget, call) {
    const { stream, consumer } = consumerOf(input, call)
    await stream.consumers.deregister(consumer.arn)
  },
}
