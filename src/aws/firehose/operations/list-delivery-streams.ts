import type { Operation } from '../call.ts'
import type { DeliveryStreamType } from '../configuration/source.ts'

const limitUsual = 10

interface Input {
  readonly Limit?: number
  readonly DeliveryStreamType?: DeliveryStreamType
  readonly ExclusiveStartDeliveryStreamName?: string
}

/** The delivery streams of the caller's account and region that the caller may see, by name. */
export const listDeliveryStreams: Operation = {
  name: 'ListDeliveryStreams',
  run(input: Input, call) {
    const {
      Limit: limit = limitUsual,
      DeliveryStreamType: type,
      ExclusiveStartDeliveryStreamName: after,
    } = input
    const { account, region, sees } = call
    const names = call.firehose
      .deliveryStreams({ account, region })
      .filter(({ kind, configuration }) => {
        if (kind !== 'delivery-stream') return false
        const own = configuration.source.kind === 'direct' ? 'DirectPut' : 'KinesisStreamAsSource'
        return type === undefined || type === own
      })
      .map(({ key }) => key.name)
      .filter((name) => (after === undefined || name > after) && (sees === undefined || sees(name)))
    const page = names.slice(0, limit)
    return { DeliveryStreamNames: page, HasMoreDeliveryStreams: names.length > page.length }
  },
}
