import type { ProcessingConfiguration } from '../../../firehose/configuration.ts'
import { asInvalidArgument } from '../refusal.ts'

/** Asks jq whether a program of its is one. */
export async function requireQuery({ query }: ProcessingConfiguration): Promise<void> {
  if (query === undefined) return
  const { checkedQuery } = await import('../../../firehose/processing/checked-query.ts')
  try {
    await checkedQuery(query)
  } catch (error) {
    throw asInvalidArgument(error, { query: 'MetadataExtractionQuery' })
  }
}
