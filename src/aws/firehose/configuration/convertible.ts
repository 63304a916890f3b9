import type { DeliveryConfiguration } from '../../../firehose/configuration.ts'
import { asInvalidArgument } from '../refusal.ts'

/** Asks what makes Parquet whether it could: a delivery that cannot begin would wait for ever. */
export async function requireConvertible({
  destination,
}: Pick<DeliveryConfiguration, 'destination'>): Promise<void> {
  if (destination.kind !== 'objects' || destination.conversion === undefined) return
  const converter = await import('../../../firehose/format/parquet/converter.ts')
  try {
    converter.requireConvertible(destination.conversion)
  } catch (error) {
    throw asInvalidArgument(error)
  }
}
