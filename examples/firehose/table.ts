/** The table of the flights, which AWS would look up in Glue. */
export const database = 'warehouse'
export const table = 'flights'

/** Its columns. `flight` is the number of the flight in the source: what makes one the same when it comes twice. */
export const columns: Readonly<Record<string, string>> = {
  flight: 'bigint',
  date: 'timestamp',
  delay: 'int',
  distance: 'int',
  origin: 'string',
  destination: 'string',
}
