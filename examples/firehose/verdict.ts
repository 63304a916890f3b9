/** One airport on one day: what the source has, and what has arrived. */
export interface PartitionCount {
  readonly airport: string
  readonly day: string
  /** In the source. */
  readonly flights: number
  /** Rows of Parquet in this partition. */
  readonly rows: number
  /** Records in the error output that belong here. */
  readonly failed: number
  /** Those of them that were one partition too many. */
  readonly overflowed: number
  /** Different flights of the source among both. */
  readonly present: number
  /** Of both, those that are not of the source. */
  readonly wrong: number
}

/** What has to be. */
export interface Promised {
  /** Every flight is there once, rather than at least once. */
  readonly once: boolean
  /** Records that are one partition too many may be in the error output; nothing else may. */
  readonly overflow: boolean
}

/** What is wrong, in words; none if nothing is. Pure. */
export function faultsOf(count: PartitionCount, { once, overflow }: Promised): readonly string[] {
  const twice = againOf(count)
  const failed = overflow ? count.failed - count.overflowed : count.failed
  return [
    ...(count.present < count.flights ? [`${count.flights - count.present} missing`] : []),
    ...(count.wrong > 0 ? [`${count.wrong} not of the source`] : []),
    ...(once && twice > 0 ? [`${twice} more than once`] : []),
    ...(failed > 0 ? [`${failed} in the error output`] : []),
  ]
}

/** How many have come again. */
export function againOf({ rows, failed, present, wrong }: PartitionCount): number {
  return rows + failed - wrong - present
}

/** All partitions as one. */
export function totalOf(counts: readonly PartitionCount[]): PartitionCount {
  const sum = (member: keyof Omit<PartitionCount, 'airport' | 'day'>): number =>
    counts.reduce((total, count) => total + count[member], 0)
  return {
    airport: 'total',
    day: '',
    flights: sum('flights'),
    rows: sum('rows'),
    failed: sum('failed'),
    overflowed: sum('overflowed'),
    present: sum('present'),
    wrong: sum('wrong'),
  }
}
