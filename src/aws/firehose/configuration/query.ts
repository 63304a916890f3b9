import type { ProcessingConfiguration } from '../../../firehose/configuration.ts'
import { checkedQuery } from '../../../firehose/processing/checked-query.ts'
import { asInvalidArgument } from '../refusal.ts'

/** Asks jq whether a program of its is one. */
export async function requireQuery({ query }: ProcessingConfiguration): Promise<void> {
  if (query === undefined) return
  try {
    await checkedQuery(query)
  } catch (error) {
    throw asInvalidArgument(error, { query: 'MetadataExtractionQuery' })
  }
}
