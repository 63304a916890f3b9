import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Call, Operation } from '../call.ts'
import { requireConvertible } from '../configuration/convertible.ts'
import { deliveryOf } from '../configuration/destination.ts'
import { requireQuery } from '../configuration/query.ts'
import { updatedDestination, withAccessKey } from '../configuration/update.ts'
import type { DeliveryConfiguration } from '../../../firehose/configuration.ts'
import type { DeliveryStreamState } from '../../../firehose/delivery-stream-state.ts'
import { destinationId } from '../description.ts'
import { type DeliveryDocument, documented, documentOf } from '../document.ts'
import { versionConflict } from '../refusal.ts'
import { requireReadable } from '../source-access.ts'
import { stateOf, type Target } from '../target.ts'

interface Input extends Target {
  readonly CurrentDeliveryStreamVersionId: string
  readonly DestinationId: string
}

/** Changes where and how a delivery stream delivers. */
export const updateDestination: Operation = {
  name: 'UpdateDestination',
  async run(input: Input, call) {
    const state = stateOf(input, call)
    requireReadable(state.configuration.source, call)
    requireVersion(input, state)
    if (input.DestinationId !== destinationId) {
      throw invalidArgumentFault(`Destination Id ${input.DestinationId} not found`)
    }
    const { configuration, document } = updateOf(input, state, call)
    await requireQuery(configuration.processing)
    await requireConvertible(configuration)
    await call.firehose.updateDestination(state.key, {
      versionId: state.versionId,
      configuration,
      document,
    })
    return {}
  },
}

function requireVersion({ CurrentDeliveryStreamVersionId: given }: Input, state: DeliveryStreamState): void {
  const current = String(state.versionId)
  if (given === current) return
  throw versionConflict(state.key.name, { versionId: current, asked: given })
}

function updateOf(
  input: Input,
  state: DeliveryStreamState,
  { firehose, account, region }: Call,
): { readonly configuration: DeliveryConfiguration; readonly document: DeliveryDocument } {
  const stored = documentOf(state)
  if (stored === undefined) {
    throw invalidArgumentFault(
      `Firehose ${state.key.name} was created by a program, which alone can change its destination.`,
    )
  }
  const { source, destination: before } = state.configuration
  const to = before.kind === 'records' ? before.to : undefined
  const accessKey = to?.kind === 'http' ? to.accessKey : undefined
  const destination = updatedDestination(
    withAccessKey(stored.destination, accessKey),
    input as unknown as Readonly<Record<string, unknown>>,
  )
  const delivery = deliveryOf(destination, { tables: firehose.options.tables, account, region })
  return {
    configuration: { source, ...delivery },
    document: { ...stored, destination: documented(destination) },
  }
}
