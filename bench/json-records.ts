const words =
  'gate closed late crew boarding fuel weather runway tower slot delay turn taxi climb descent approach wind rain cloud clear'.split(
    ' ',
  )

/** A record as a program has it before it becomes JSON. */
export interface FlightRecord {
  readonly id: number
  readonly airport: string
  readonly carrier: string
  readonly flight: number
  readonly departed_at: string
  readonly delay_minutes: number
  readonly distance_km: number
  readonly fare: number
  readonly cancelled: boolean
  readonly note: string
}

/** Columns that take every key of a record. */
export const flightColumns: Readonly<Record<keyof FlightRecord, string>> = {
  id: 'bigint',
  airport: 'string',
  carrier: 'string',
  flight: 'int',
  departed_at: 'timestamp',
  delay_minutes: 'int',
  distance_km: 'double',
  fare: 'decimal(9,2)',
  cancelled: 'boolean',
  note: 'string',
}

/**
 * Lines of JSON, the same in every run: ten keys, of which a note of words fills the line up.
 *
 * @param count how many
 * @param lineBytes of each, with its line feed
 * @param airports how many there are: the keys of partitions
 */
export function flightLines(count: number, lineBytes: number, airports: number): Buffer[] {
  const random = xorshift(lineBytes)
  return Array.from({ length: count }, (_, id) => {
    const record: FlightRecord = {
      id,
      airport: `A${String(id % airports).padStart(3, '0')}`,
      carrier: `C${random() % 20}`,
      flight: 1 + (random() % 9999),
      departed_at: new Date(1_750_000_000_000 + (random() % 86_400_000)).toISOString(),
      delay_minutes: random() % 300,
      distance_km: (1000 + (random() % 90_000)) / 10,
      fare: (2000 + (random() % 50_000)) / 100,
      cancelled: random() % 50 === 0,
      note: '',
    }
    const missing = lineBytes - JSON.stringify(record).length - 1
    let note = ''
    while (note.length < missing) note += `${words[random() % words.length]} `
    return Buffer.from(`${JSON.stringify({ ...record, note: note.slice(0, missing) })}\n`)
  })
}

/** Numbers of 31 bits from a generator with a fixed seed. */
function xorshift(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 1
  }
}
