import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { UsageError } from '../../examples/command-line.ts'
import { airportsWithin, byTraffic, type DayOfAirport } from '../../examples/firehose/airports.ts'
import { Audit } from '../../examples/firehose/audit.ts'
import { parseOptions } from '../../examples/firehose/options.ts'
import { faultsOf, type PartitionCount, totalOf } from '../../examples/firehose/verdict.ts'
import { root } from '../docs/pages.ts'

/** Whether everything is tried, and not only that it runs: `npm run test:firehose`. */
const whole = process.env['MILLRACE_FIREHOSE'] === 'all'

interface Run {
  readonly code: number | null
  readonly stdout: string
  /** Lines with a verdict, and how many of them do not hold. */
  readonly verdicts: number
  readonly broken: readonly string[]
}

function run(...args: readonly string[]): Run {
  const program = join(root, 'build', 'examples', 'firehose', 'main.js')
  const { status: code, stdout } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  const lines = stdout.split('\n')
  return {
    code,
    stdout,
    verdicts: lines.filter((line) => /(holds|DOES NOT HOLD: .*)$/.test(line)).length,
    broken: lines.filter((line) => line.includes('DOES NOT HOLD')),
  }
}

describe('the example of Firehose', () => {
  it('delivers every flight once, by airport and day, to an S3 endpoint', () => {
    const { code, stdout, verdicts, broken } = run('--records', '2000', '--airports', '5')
    expect({ code, verdicts, broken }).toEqual({ code: 0, verdicts: 6, broken: [] })
    expect(stdout).toMatch(/^total +2,000 flights, 2,000 rows {2}holds$/m)
  }, 60_000)

  it('refuses a folder that is there already', () => {
    expect(run('--dir', root).code).toBe(2)
  })

  it.each([[['--records', '0']], [['--kills', 'many']], [['--recrods', '7']], [['surplus']]])(
    'refuses %j',
    (args) => {
      expect(() => parseOptions(args)).toThrow(UsageError)
    },
  )
})

describe.runIf(whole)('the example of Firehose, in full', () => {
  it('has every flight at least once when the server is killed twice', () => {
    const { code, stdout, verdicts, broken } = run('--records', '200000', '--kills', '2')
    process.stdout.write(stdout.replaceAll(/^.* holds\n(?=.* holds$)/gm, ''))
    expect({ code, broken }).toEqual({ code: 0, broken: [] })
    expect(verdicts).toBeGreaterThan(400)
    expect(verdicts).toBeLessThanOrEqual(501)
    expect(stdout.match(/^killed the server at/gm)).toHaveLength(2)
    // Each kill has objects behind it that come again.
    expect(stdout).toMatch(/^total +200,000 flights, 2\d\d,\d{3} rows, [1-9][\d,]* again {2}holds$/m)
  }, 300_000)

  it('has what is beyond 500 partitions in the error output', () => {
    const { code, stdout, broken } = run('--records', '36000', '--airports', '229', '--folder')
    expect({ code, broken }).toEqual({ code: 0, broken: [] })
    expect(stdout).toMatch(/^in the error output: [1-9][\d,]*, DynamicPartitioning.ActivePartitionExceeded$/m)
  }, 120_000)
})

/** A day's flights of each of so many airports, for so many days: the first airport has most. */
function days(airports: number, count: number): DayOfAirport[] {
  return Array.from({ length: airports * count }, (_, index) => ({
    airport: `A${index % airports}`,
    day: `2001-01-${String(Math.floor(index / airports) + 1).padStart(2, '0')}`,
    flights: 100 - (index % airports),
  }))
}

describe('the choice of airports', () => {
  it('takes as many of the busiest as stay within 500 partitions', () => {
    // All 60 airports have 4,230 flights a day: 8 days are 480 partitions, and 9 would be 540.
    expect(airportsWithin(days(60, 20), 8 * 4230)).toHaveLength(60)
    const fewer = airportsWithin(days(60, 20), 8 * 4230 + 1)
    expect(fewer).toEqual(byTraffic(days(60, 20)).slice(0, fewer.length))
    expect(fewer.length).toBeLessThan(60)
  })

  it('finds none where there are not so many flights', () => {
    expect(airportsWithin(days(3, 2), 595)).toEqual([])
    expect(airportsWithin(days(3, 2), 594)).toHaveLength(3)
  })
})

describe('a verdict', () => {
  const right: PartitionCount = {
    airport: 'ORD',
    day: '2001-01-01',
    flights: 10,
    rows: 10,
    failed: 0,
    overflowed: 0,
    present: 10,
    wrong: 0,
  }
  const once = { once: true, overflow: false }

  it.each([
    ['nothing', {}, once, []],
    ['a flight that is missing', { rows: 9, present: 9 }, once, ['1 missing']],
    ['a row of no flight', { rows: 11, wrong: 1 }, once, ['1 not of the source']],
    ['a flight that is there twice', { rows: 11 }, once, ['1 more than once']],
    ['no flight that is there twice after a kill', { rows: 11 }, { ...once, once: false }, []],
    ['one in place of another after a kill', { present: 9 }, { ...once, once: false }, ['1 missing']],
    ['a failed record', { rows: 9, failed: 1, overflowed: 1 }, once, ['1 in the error output']],
    ['no overflow beyond 500', { rows: 9, failed: 1, overflowed: 1 }, { ...once, overflow: true }, []],
    [
      'another fault beyond 500',
      { rows: 9, failed: 1 },
      { ...once, overflow: true },
      ['1 in the error output'],
    ],
  ])('objects to %s', (_what, change, promised, faults) => {
    expect(faultsOf({ ...right, ...change }, promised)).toEqual(faults)
    expect(faultsOf(totalOf([{ ...right, ...change }]), promised)).toEqual(faults)
  })
})

describe('the audit', () => {
  it('finds what is missing, altered, misplaced, twice and failed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-audit-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    onTestFinished(() => connection.closeSync())
    const source = join(folder, 'source.parquet')
    await connection.run(`
      create table flights as select timestamp '2001-01-01 10:00:00' + to_minutes(i) as date, 5 + i as delay,
        700 as distance, 'ORD' as origin, 'LAX' as destination from range(6) t(i)`)
    await connection.run(`copy flights to '${source}' (format parquet)`)

    const delivered = join(folder, 'flights', 'airport=ORD', 'day=2001-01-01')
    const misplaced = join(folder, 'flights', 'airport=ORD', 'day=2001-01-02')
    for (const place of [delivered, misplaced, join(folder, 'errors')])
      await mkdir(place, { recursive: true })
    const numbered = `select file_row_number as flight, * exclude (file_row_number) from read_parquet('${source}', file_row_number = true)`
    // 0 is right, 1 there twice, 2 altered, 3 in another partition, 4 in the error output, 5 nowhere.
    const rows = `select * replace (case when flight = 2 then 0 else delay end as delay) from (${numbered}) where flight < 3`
    await connection.run(
      `copy (${rows} union all ${numbered} where flight = 1) to '${delivered}/a' (format parquet)`,
    )
    await connection.run(`copy (${numbered} where flight = 3) to '${misplaced}/a' (format parquet)`)
    const failed = {
      flight: 4,
      date: '2001-01-01T10:04:00.000Z',
      delay: 9,
      distance: 700,
      origin: 'ORD',
      destination: 'LAX',
    }
    const rawData = Buffer.from(JSON.stringify(failed)).toString('base64')
    await writeFile(join(folder, 'errors', 'a'), `${JSON.stringify({ errorCode: 'Some.Error', rawData })}\n`)

    const audit = await Audit.open(source)
    onTestFinished(() => audit.close())
    await audit.expect(['ORD'], 6)
    await audit.load(folder)
    const place = { airport: 'ORD', overflowed: 0 }
    expect(await audit.partitions()).toEqual([
      { ...place, day: '2001-01-01', flights: 6, rows: 4, failed: 1, present: 3, wrong: 1 },
      { ...place, day: '2001-01-02', flights: 0, rows: 1, failed: 0, present: 0, wrong: 1 },
    ])
    expect(await audit.errors()).toEqual([{ error: 'Some.Error', records: 1 }])
  })
})
