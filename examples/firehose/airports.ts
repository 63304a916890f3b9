/** Flights from one airport on one day. */
export interface DayOfAirport {
  readonly airport: string
  /** `yyyy-MM-dd` */
  readonly day: string
  readonly flights: number
}

/** Partitions that a delivery stream keeps open at once, as on AWS. */
export const partitionsMax = 500

/** Airports, the busiest first. */
export function byTraffic(days: readonly DayOfAirport[]): readonly string[] {
  const flights: Map<string, number> = new Map()
  for (const { airport, flights: more } of days) flights.set(airport, (flights.get(airport) ?? 0) + more)
  return [...flights.keys()].toSorted(
    (a, b) => (flights.get(b) ?? 0) - (flights.get(a) ?? 0) || a.localeCompare(b),
  )
}

/**
 * As many of the busiest airports as can be, so that the first `records` flights from them, in the order of departure, fall
 * into 500 pairs of airport and day at most. None if there are not so many flights. Pure.
 */
export function airportsWithin(days: readonly DayOfAirport[], records: number): readonly string[] {
  const busiest = byTraffic(days)
  for (let count = busiest.length; count > 0; count--) {
    const chosen = busiest.slice(0, count)
    const partitions = partitionsOf(days, chosen, records)
    if (partitions !== undefined && partitions <= partitionsMax) return chosen
  }
  return []
}

/** Pairs of airport and day of the first `records` flights, the last day as a whole; undefined if there are fewer flights. */
function partitionsOf(
  days: readonly DayOfAirport[],
  airports: readonly string[],
  records: number,
): number | undefined {
  const chosen = new Set(airports)
  const perDay: Map<string, { flights: number; partitions: number }> = new Map()
  for (const { airport, day, flights } of days) {
    if (!chosen.has(airport)) continue
    const sum = perDay.get(day) ?? { flights: 0, partitions: 0 }
    perDay.set(day, { flights: sum.flights + flights, partitions: sum.partitions + 1 })
  }
  let [flights, partitions] = [0, 0]
  for (const [, sum] of [...perDay].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    flights += sum.flights
    partitions += sum.partitions
    if (flights >= records) return partitions
  }
  return undefined
}
