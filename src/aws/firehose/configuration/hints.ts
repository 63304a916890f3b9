import type { BufferingHints } from '../../../firehose/configuration.ts'
import { MiB, secondMs } from '../../../units.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { HintMembers } from '../members.ts'

/** What asks for more than the usual buffers. */
export interface HintRules {
  readonly converted: boolean
  readonly partitioned: boolean
}

/** Of destinations that neither convert nor partition. */
export const plainHints: HintRules = { converted: false, partitioned: false }

/** AWS's defaults; those of destinations that convert or partition are larger. */
export function usualHints({ converted, partitioned }: HintRules): Required<HintMembers> {
  return { SizeInMBs: converted || partitioned ? 128 : 5, IntervalInSeconds: 300 }
}

/** Smallest buffers of destinations that convert or partition. */
const largeSizeMin = 64
const partitionedSecondsMin = 60

/** When buffers are delivered. Either both members are there, or neither (AWS API model). */
export function hintsOf(hints: HintMembers | undefined, rules: HintRules): BufferingHints {
  const usual = usualHints(rules)
  const { SizeInMBs: size, IntervalInSeconds: seconds } = hints ?? usual
  if ((size === undefined) !== (seconds === undefined)) {
    throw invalidArgumentFault(
      `BufferingHints must have both SizeInMBs and IntervalInSeconds or neither: ` +
        `${size === undefined ? 'SizeInMBs' : 'IntervalInSeconds'} is missing.`,
    )
  }
  const chosen = {
    size: size ?? usual.SizeInMBs,
    seconds: seconds ?? usual.IntervalInSeconds,
  }
  requireLarge(chosen, rules)
  return { bytes: chosen.size * MiB, ms: chosen.seconds * secondMs }
}

function requireLarge(
  { size, seconds }: { readonly size: number; readonly seconds: number },
  { converted, partitioned }: HintRules,
): void {
  if (converted && size < largeSizeMin) {
    throw invalidArgumentFault(
      `BufferingHints.SizeInMBs must be at least ${largeSizeMin} when data format conversion is enabled.`,
    )
  }
  if (partitioned && size < largeSizeMin) {
    throw invalidArgumentFault(
      `BufferingHints.SizeInMBs must be at least ${largeSizeMin} when Dynamic Partitioning is enabled.`,
    )
  }
  if (partitioned && seconds < partitionedSecondsMin) {
    throw invalidArgumentFault(
      `BufferingHints.IntervalInSeconds must be at least ${partitionedSecondsMin} seconds when Dynamic Partitioning ` +
        'is enabled.',
    )
  }
}
