import type { DocumentState } from '../meta/state.ts'
import type { DeliveryReport } from '../store-report.ts'
import { channelNameOf } from './channel-key.ts'
import { documentPrefix } from './delivery-key.ts'
import { deliveryStreamOf } from './delivery-stream-shape.ts'
import { destinationName, sourceName } from './delivery-summary.ts'

/** Those among a store's documents, by account, region and name; without any that is damaged. Opens nothing. */
export function storedDeliveryStreams(
  documents: ReadonlyMap<string, DocumentState>,
): readonly DeliveryReport[] {
  return Array.from(documents.values())
    .filter(({ id }) => id.startsWith(documentPrefix))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ id, value }) => stored(id, value) ?? [])
}

function stored(id: string, value: unknown): DeliveryReport | undefined {
  try {
    const { key, kind, configuration } = deliveryStreamOf(id, value)
    const { account, region } = key
    const name = kind === 'channel' ? channelNameOf(key.name) : key.name
    const [source, destination] = [sourceName(configuration), destinationName(configuration)]
    return { account, region, name, kind, source, destination }
  } catch {
    // Whoever opens it is told; what lies beside it can be shown.
    return undefined
  }
}
