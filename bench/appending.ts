import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { open, type OpenOptions, type Stream } from 'millrace'
import type { Contender, Timing } from './contest.ts'
import { rawLog } from './raw-log.ts'
import { keyBytes, type Workload, writePool } from './workload.ts'

/** How much is appended in a round. */
export interface AppendPlan {
  readonly load: Workload
  readonly shards: number
  /** Appended before the clock starts: files are made, windows opened, code compiled. */
  readonly warmRecords: number
  readonly records: number
  /** Records of one call. */
  readonly batchRecords: number
  /** An empty folder for whoever's turn it is. */
  readonly folder: string
}

/** Appends about as many records as asked for, and answers how many that were and what they took. */
export type AppendSome = (
  stream: Stream,
  records: number,
) => Promise<{ readonly appended: number; readonly timing: Timing }>

/** A new store on disk each round; afterwards it must hold what was appended. */
export function millraceAppends(
  name: string,
  plan: AppendPlan,
  append: AppendSome,
  options: OpenOptions = {},
): Contender {
  return {
    name,
    round: () =>
      inScratch(plan.folder, async (folder) => {
        await using store = await open(folder, options)
        const stream = await store.createStream('bench', { shards: plan.shards })
        const warm = await append(stream, plan.warmRecords)
        const { appended, timing } = await append(stream, plan.records)
        const { recordsMax } = await stream.stats()
        if (appended !== plan.records || recordsMax !== warm.appended + appended) {
          throw new Error(`${name}: appended ${appended} of ${plan.records}, the stream holds ${recordsMax}`)
        }
        return timing
      }),
  }
}

/** A new file each round. `way` is explained in bench/native/raw_append.cc. */
export function rawAppends(
  name: string,
  plan: AppendPlan,
  way: 'ready' | 'ahead' | 'write',
  clock: 'whole' | 'each' = 'whole',
): Contender {
  return {
    name,
    round: () =>
      inScratch(plan.folder, (folder) => {
        const pool = join(folder, 'pool')
        writePool(pool, plan.load)
        return rawLog('append', {
          way,
          clock,
          pool,
          file: join(folder, 'log'),
          key: keyBytes,
          payload: plan.load.payloadBytes,
          warm: plan.warmRecords,
          records: plan.records,
          batch: plan.batchRecords,
        })
      }),
  }
}

async function inScratch<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(parent, 'round-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
