import { count } from '../flights/figures.ts'
import { againOf, faultsOf, type PartitionCount, type Promised, totalOf } from './verdict.ts'

/** A line for each airport and day, and one for all of them. */
export function partitionLines(counts: readonly PartitionCount[], promised: Promised): readonly string[] {
  return [...counts, totalOf(counts)].map((each) => {
    const faults = faultsOf(each, promised)
    const verdict = faults.length === 0 ? 'holds' : `DOES NOT HOLD: ${faults.join(', ')}`
    const name = `${each.airport} ${each.day}`.padEnd(14)
    return `${name}  ${count(each.flights)} flights, ${count(each.rows)} rows${beside(each)}  ${verdict}`
  })
}

function beside(counted: PartitionCount): string {
  const { failed } = counted
  const again = againOf(counted)
  return `${failed === 0 ? '' : `, ${count(failed)} in the error output`}${again === 0 ? '' : `, ${count(again)} again`}`
}
