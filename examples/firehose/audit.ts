import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DayOfAirport } from './airports.ts'
import type { PartitionCount } from './verdict.ts'

/** What was delivered, and what the source has, as DuckDB counts it: nothing of millrace has a part in it. */
export class Audit {
  readonly #connection: DuckDBConnection
  readonly #file: string

  private constructor(connection: DuckDBConnection, file: string) {
    this.#connection = connection
    this.#file = file
  }

  /** @param file the parquet file of the source */
  static async open(file: string): Promise<Audit> {
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    await connection.run("set timezone = 'UTC'")
    return new Audit(connection, file)
  }

  /** Flights of the source by airport and day. */
  async days(): Promise<readonly DayOfAirport[]> {
    const rows = await this.#rows(`
      select origin as airport, strftime(date, '%Y-%m-%d') as day, count(*)::int as flights
      from read_parquet(${text(this.#file)}) group by all`)
    return rows as unknown as readonly DayOfAirport[]
  }

  /** Reads from the source what is sent: its first flights from these airports. */
  async expect(airports: readonly string[], records: number): Promise<void> {
    await this.#connection.run(`
      create table source as
      select file_row_number as flight, date, delay, distance, origin, destination,
        strftime(date, '%Y-%m-%d') as day
      from read_parquet(${text(this.#file)}, file_row_number = true)
      where origin in (${airports.map(text).join(', ')})
      order by file_row_number limit ${records}`)
  }

  /** Reads what has arrived: the objects of Parquet, and the lines of the error output. */
  async load(folder: string): Promise<void> {
    await this.#connection.run(`
      create table arrived (flight bigint, date timestamp, delay bigint, distance bigint, origin varchar,
        destination varchar, airport varchar, day varchar, error varchar)`)
    if (existsSync(join(folder, 'flights'))) {
      const objects = text(join(folder, 'flights', '*', '*', '*'))
      await this.#connection.run(`
        insert into arrived
        select flight, date, delay, distance, origin, destination, airport, day, null
        from read_parquet(${objects}, hive_partitioning = true, hive_types_autocast = false)`)
    }
    if (existsSync(join(folder, 'errors'))) {
      const columns = "{ 'errorCode': 'varchar', 'rawData': 'varchar' }"
      const lines = text(join(folder, 'errors', '**', '*'))
      await this.#connection.run(`
        insert into arrived
        select (data ->> 'flight')::bigint, (data ->> 'date')::timestamptz::timestamp, (data ->> 'delay')::bigint,
          (data ->> 'distance')::bigint, data ->> 'origin', data ->> 'destination', data ->> 'origin',
          (data ->> 'date')[:10], errorCode
        from (
          select errorCode, decode(from_base64(rawData))::json as data
          from read_json(${lines}, format = 'newline_delimited', columns = ${columns}))`)
    }
  }

  /**
   * Counts both sides of every partition. A row is of the source if it agrees with the flight of its number in every column,
   * and lies in the partition of its airport and day.
   */
  async partitions(): Promise<readonly PartitionCount[]> {
    const rows = await this.#rows(`
      with wanted as (select origin as airport, day, count(*) as flights from source group by all),
      judged as (
        select a.*, s.flight is not null as sound from arrived a left join source s
        on a.flight = s.flight and a.date = s.date and a.delay = s.delay and a.distance = s.distance
          and a.origin = s.origin and a.destination = s.destination and a.airport = s.origin and a.day = s.day),
      found as (
        select airport, day, count(*) filter (error is null) as rows,
          count(*) filter (error is not null) as failed,
          count(*) filter (error = 'DynamicPartitioning.ActivePartitionExceeded') as overflowed,
          count(distinct flight) filter (sound) as present,
          count(*) filter (not sound) as wrong
        from judged group by all)
      select airport, day, coalesce(flights, 0)::int as flights, coalesce(rows, 0)::int as rows,
        coalesce(failed, 0)::int as failed, coalesce(overflowed, 0)::int as overflowed,
        coalesce(present, 0)::int as present, coalesce(wrong, 0)::int as wrong
      from wanted full join found using (airport, day) order by airport, day`)
    return rows as unknown as readonly PartitionCount[]
  }

  /** Records in the error output by what was wrong with them. */
  async errors(): Promise<readonly { readonly error: string; readonly records: number }[]> {
    const rows = await this.#rows(`
      select error, count(*)::int as records from arrived where error is not null group by all order by all`)
    return rows as unknown as readonly { readonly error: string; readonly records: number }[]
  }

  close(): void {
    this.#connection.closeSync()
  }

  async #rows(query: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.#connection.runAndReadAll(query)).getRowObjectsJS()
  }
}

/** As SQL writes it. */
function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
