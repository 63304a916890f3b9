import { MillraceError, type Store, type Stream, textCodec } from 'millrace'
import { Ledger } from './ledger.ts'

/** The stream of flights, and the announcements of its replays. */
const flightsName = 'flights'
const ledgerName = 'flights-replays'

const shards = 4
/** How long flights are kept. */
const retentionHours = 24
/** A run must not meet the horizon while it reads: what is older than this is not gone on with. Milliseconds. */
const usableMs = (retentionHours - 1) * 3_600_000

/** What a run works with. */
export interface Storage {
  readonly flights: Stream<string>
  readonly ledger: Ledger
  readonly shards: number
  /** What was found, in words. */
  readonly found: string
}

/**
 * Opens what earlier runs stored, or creates it. Starts afresh, and says why, when that was asked for or when
 * records are about to expire: with some of them gone nobody could tell anymore whether the rest is complete.
 */
export async function openStorage(store: Store, fresh: boolean): Promise<Storage> {
  const names = new Set(store.listStreams().map(({ name }) => name))
  const hasFlights = names.has(flightsName)
  const hasLedger = names.has(ledgerName)
  if (!hasFlights && !hasLedger) return create(store, 'a new store')
  if (fresh) return startAfresh(store, 'starting afresh, as asked')
  if (!hasLedger)
    throw new Error(`the store has a stream "${flightsName}" that is not of this demo: choose another --dir`)
  // Streams are created ledger first and deleted ledger last: a run was ended in between.
  if (!hasFlights)
    return startAfresh(store, 'starting afresh: an earlier run did not get to its first record')

  const ledger = await Ledger.open(store, ledgerName)
  const [first] = ledger.replays
  if (first !== undefined && Date.now() - first.announcedAtMs > usableMs) {
    const age = Math.floor((Date.now() - first.announcedAtMs) / 3_600_000)
    const why = `the first replay began ${age} hours ago, and records are kept for ${retentionHours} hours`
    return startAfresh(store, `starting afresh: ${why}`)
  }
  return {
    flights: store.stream(flightsName, { codec: textCodec }),
    ledger,
    shards,
    found: 'an existing store',
  }
}

async function create(store: Store, found: string): Promise<Storage> {
  const ledger = await Ledger.create(store, ledgerName)
  const flights = await store.createStream(flightsName, { shards, retentionHours, codec: textCodec })
  return { flights, ledger, shards, found }
}

async function startAfresh(store: Store, why: string): Promise<Storage> {
  for (const name of [flightsName, ledgerName]) {
    try {
      await store.deleteStream(name)
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'ERR_MILLRACE_STREAM_NOT_FOUND') throw error
    }
  }
  return create(store, why)
}
