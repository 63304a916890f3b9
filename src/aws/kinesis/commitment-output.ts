import type { Commitment } from '../../streams/commitment.ts'

/** The commitment of an account to a minimum throughput, as the service answers it. */
export function commitmentOutput(commitment: Commitment): Readonly<Record<string, unknown>> {
  return {
    MinimumThroughputBillingCommitment: {
      Status: commitment.status,
      StartedAt: commitment.startedAtMs,
      EndedAt: commitment.endedAtMs,
      EarliestAllowedEndAt: commitment.earliestAllowedEndAtMs,
    },
  }
}
