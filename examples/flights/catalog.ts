import { Worker } from 'node:worker_threads'
import { emptyChain, extendChain, fingerprint } from './fingerprint.ts'
import { shardFinder } from './routing.ts'
import { FlightSource } from './source.ts'
import type { Stretch } from './verdict.ts'

/** What the store must hold, computed from the parquet file alone: for each row its shard and its fingerprint. */
export interface CatalogRows {
  readonly shardOf: Uint8Array
  readonly fingerprints: Uint32Array
}

/** The rows that the catalog is to cover. */
export interface CatalogRequest {
  readonly file: string
  readonly rows: number
  readonly shards: number
}

/** Reads the source and fingerprints every row: the work of the catalog's thread. */
export async function catalogue({ file, rows, shards }: CatalogRequest): Promise<CatalogRows> {
  const source = await FlightSource.open(file)
  const shardFor = shardFinder(shards)
  const shardOf = new Uint8Array(rows)
  const fingerprints = new Uint32Array(rows)
  let row = 0
  for await (const page of source.pages(rows)) {
    for (let index = 0; index < page.count; index += 1, row += 1) {
      const origin = page.origins[index] ?? ''
      shardOf[row] = shardFor(origin)
      fingerprints[row] = fingerprint(origin, page.json(index))
    }
  }
  return { shardOf, fingerprints }
}

/**
 * Answers what each shard must hold after a number of replays, each a pass over the source's first rows. A
 * shard's records are the rows routed to it, in the file's order, replay after replay.
 */
export class Catalog {
  readonly #rows: CatalogRows
  readonly #shards: number

  constructor(rows: CatalogRows, shards: number) {
    this.#rows = rows
    this.#shards = shards
  }

  /** Builds the catalog on a thread of its own, while this one has other things to do. */
  static async build(request: CatalogRequest, signal: AbortSignal): Promise<Catalog> {
    const worker = new Worker(new URL('./catalog-worker.js', import.meta.url), { workerData: request })
    const stop = (): void => void worker.terminate()
    signal.addEventListener('abort', stop, { once: true })
    try {
      const rows = await new Promise<CatalogRows>((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
        worker.once('exit', () =>
          reject(signal.reason ?? new Error('the thread that reads the source ended early')),
        )
      })
      return new Catalog(rows, request.shards)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** Records of each shard in one replay of `rows` rows. */
  recordsOf(rows: number): number[] {
    const counts = Array.from({ length: this.#shards }, () => 0)
    for (let row = 0; row < rows; row += 1) {
      const shard = this.#rows.shardOf[row] ?? 0
      counts[shard] = (counts[shard] ?? 0) + 1
    }
    return counts
  }

  /**
   * What each shard holds from its record number `skip[shard]` (from 0) to the end of the replays in `replays`,
   * of which each number is a replay's rows.
   */
  stretches(replays: readonly number[], skip: readonly number[]): Stretch[] {
    const { shardOf, fingerprints } = this.#rows
    const toSkip = [...skip]
    const records = Array.from({ length: this.#shards }, () => 0)
    const chains = Array.from({ length: this.#shards }, () => emptyChain)
    for (const rows of replays) {
      for (let row = 0; row < rows; row += 1) {
        const shard = shardOf[row] ?? 0
        const left = toSkip[shard] ?? 0
        if (left > 0) {
          toSkip[shard] = left - 1
          continue
        }
        records[shard] = (records[shard] ?? 0) + 1
        chains[shard] = extendChain(chains[shard] ?? emptyChain, fingerprints[row] ?? 0)
      }
    }
    return records.map((count, shard) => ({ records: count, chain: chains[shard] ?? emptyChain }))
  }
}
