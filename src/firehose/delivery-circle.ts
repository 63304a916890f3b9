import { invalidArgument } from '../errors.ts'
import type { DeliveryConfiguration } from './configuration.ts'

/**
 * Whether records would ever come back to the stream that they are from, by this delivery alone or through others: they would
 * be delivered again and again, and more each time.
 *
 * @param others asked for only where records go from stream to stream
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function requireNoCircle(
  configuration: DeliveryConfiguration,
  others: () => Iterable<DeliveryConfiguration>,
): void {
  const way = wayOf(configuration)
  if (way === undefined) return
  const ways = Array.from(others(), wayOf).filter((other) => other !== undefined)
  const reached = new Set([way.to])
  // What is added is looked at, too.
  for (const stream of reached) {
    for (const { from, to } of ways) if (from === stream) reached.add(to)
  }
  if (!reached.has(way.from)) return
  const rule =
    way.from === way.to
      ? 'another stream than the source'
      : 'a stream that no other delivery stream carries back to the source'
  throw invalidArgument('destination.stream', way.to, rule)
}

/** From which stream to which; `undefined` for others. */
function wayOf({
  source,
  destination,
}: DeliveryConfiguration): { readonly from: string; readonly to: string } | undefined {
  if (source.kind !== 'stream' || destination.kind !== 'records' || destination.to.kind !== 'stream') {
    return undefined
  }
  return { from: source.streamArn, to: destination.to.streamArn }
}
