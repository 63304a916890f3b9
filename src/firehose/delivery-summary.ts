import type { DeliveryConfiguration } from './configuration.ts'
import { bucketArn, receiverName } from './delivery-journal.ts'

/** Where a delivery stream's records come from, for people: an ARN, or `Direct PUT`. */
export function sourceName({ source }: DeliveryConfiguration): string {
  return source.kind === 'stream' ? source.streamArn : 'Direct PUT'
}

/** And where they go: the ARN of a bucket or stream, the address of an endpoint, the name of a function. */
export function destinationName({ destination }: DeliveryConfiguration): string {
  if (destination.kind === 'objects') return bucketArn(destination.target.bucket)
  return withoutSecrets(receiverName(destination.to))
}

/** What a destination is called; the address of an endpoint without what may be a key in it. */
export function withoutSecrets(destination: string): string {
  if (!/^https?:/i.test(destination) || !URL.canParse(destination)) return destination
  const { origin, pathname } = new URL(destination)
  return origin + pathname
}
