import type { Operation } from '../call.ts'
import { consumerOf, consumerOutput, type ConsumerTarget } from '../consumer-target.ts'

/** One consumer. */
export const describeStreamConsumer: Operation = {
  name: 'DescribeStreamConsumer',
  run(input: ConsumerTarget, call) {
    const { consumer } = consumerOf(input, call)
    return { ConsumerDescription: { ...consumerOutput(consumer), StreamARN: consumer.streamArn } }
  },
}
