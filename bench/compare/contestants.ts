import type { Contestant } from './contestant.ts'
import { arrays } from './contestants/arrays.ts'
import { classicLevel } from './contestants/classic-level.ts'
import { lmdb, lmdbByGets } from './contestants/lmdb.ts'
import { millraceLeased } from './contestants/millrace-leased.ts'
import { millrace } from './contestants/millrace.ts'
import { sqlite } from './contestants/sqlite.ts'
import { writeLog } from './contestants/write-log.ts'

/** Everybody, by the name in the tables. A peer's own module is loaded when it opens. */
export const contestants = {
  millrace,
  'millrace leased': millraceLeased,
  lmdb,
  'lmdb by gets': lmdbByGets,
  'classic-level': classicLevel,
  sqlite,
  'hand-written log': writeLog,
  arrays,
} as const satisfies Readonly<Record<string, Contestant>>

export type ContestantName = keyof typeof contestants
