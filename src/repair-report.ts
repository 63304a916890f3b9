/**
 * What a repair of a store's folder did, or would do: plain data. `millrace repair` puts it into words; with `--json` it
 * prints it as it is, so that its names are part of the command's interface.
 *
 * Offsets are bytes of one file, times are milliseconds since 1970. File and folder names are relative to the store's
 * folder.
 */
import type { MillraceError } from './errors.ts'

/** Sequence numbers of one shard whose records could not be kept, and where they had lain. */
export interface LostNumbers {
  readonly firstSequence: number
  /** Null at the end of a shard, where nobody knows how many there were. */
  readonly lastSequence: number | null
  /** How many of the numbers were records, where something still counts them. */
  readonly records: number | null
  /** They arrived no earlier and no later than this, as far as their neighbours tell. */
  readonly earliestMs: number | null
  readonly latestMs: number | null
  /** The file, or the folder of the shard where a whole segment is missing. */
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

/** A file that was replaced or taken out, and where its bytes are kept; null in a plan. */
export interface SetAside {
  readonly file: string
  readonly keptAs: string | null
}

/** One log, the metadata's or a shard's; or what lies beside the logs. */
export interface LogRepair {
  /** `meta`, or `shards/` and 32 hexadecimal digits; empty for what lies beside the logs. */
  readonly folder: string
  /** 32 hexadecimal digits. */
  readonly uuid: string
  /** Number of the shard in its stream. */
  readonly shard: number
  /** `sound`: not touched. `repaired`: sound now, or would be. `refused`: still damaged, `refusal` says why. */
  readonly outcome: 'sound' | 'repaired' | 'refused'
  readonly refusal: MillraceError | null
  /** What `verify` finds damaged. */
  readonly damagedPlaces: number
  /** Empty when everything was kept. Where a log is refused, what a repair would lose. */
  readonly lost: readonly LostNumbers[]
  /** Files that were written anew. */
  readonly rewritten: readonly string[]
  /** Files that were replaced or taken out. They stay in `quarantine` for ever. */
  readonly setAside: readonly SetAside[]
  /** The next record's number is not below this; numbers between may have been used. Null when nothing changed there. */
  readonly resumesAt: number | null
}

/** A whole store. */
export interface FolderRepair {
  readonly path: string
  /** Nothing was done. */
  readonly dryRun: boolean
  /** What lies beside the logs: the file `format`, the folder `shards`. */
  readonly store: LogRepair
  /** The metadata first, then the shards by folder name. */
  readonly logs: readonly LogRepair[]
  /** Bytes of files that were read and checked. */
  readonly bytesChecked: number
}

/** What `repair` resolves with. */
export interface RepairReport extends FolderRepair {
  /** The worst of the outcomes: `refused` before `repaired` before `sound`. */
  readonly outcome: LogRepair['outcome']
}
