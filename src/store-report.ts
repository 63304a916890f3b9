/**
 * What an inspection of a store's folder finds: plain data, made by native code that opens nothing for
 * writing and takes no lock. `millrace inspect` and `millrace verify` put it into words; with `--json` they
 * print it as it is, so that its names are part of the command's interface.
 *
 * Positions are bytes of a log's frames from its first one on, offsets are bytes of one file, times are
 * milliseconds since 1970. File and folder names are relative to the store's folder.
 */

/** One thing that is not as it should be, or worth knowing. */
export interface Finding {
  /**
   * `damage`: bytes that were acknowledged are gone or changed, or a file contradicts the format. `notice`: what a
   * crash leaves behind and the next writer puts in order, such as an unfinished tail or an orphaned `next.tmp`.
   */
  readonly severity: 'damage' | 'notice'
  readonly file: string
  /** First byte that is wrong; 0 when it is the file as a whole. */
  readonly offset: number
  /** One sentence for people, without file and offset. */
  readonly what: string
}

/** A log's control page (`ctl`), read once. */
export interface ControlReport {
  /** `unknown`: a value that no writer stores; a finding says so. */
  readonly state: 'closed' | 'open' | 'poisoned' | 'unknown'
  /** Where and with which errno a write or sync failed; null unless poisoned. */
  readonly poison: {
    readonly stage: 'write' | 'sync data' | 'sync control' | 'sync directory' | 'store' | 'unknown'
    readonly errno: number
  } | null
  /** The shard end is committed: nothing may follow. */
  readonly sealed: boolean
  readonly writerEpoch: number
  /** The last writer, for people only. */
  readonly writerPid: number
  /** The last writer ran since this machine was booted, so the page cache still holds all it wrote. */
  readonly thisBoot: boolean
  /** Position behind the last frame that readers may see. */
  readonly committed: number
  /** Position behind the last frame that survives power loss. */
  readonly durable: number
  /** Position below which the index is on the disk too. */
  readonly indexed: number
  /** Records below this sequence number are hidden. */
  readonly trimSequence: number
  /** Base sequence numbers of the first segment that is kept and of the one being written. */
  readonly firstSegment: number
  readonly activeSegment: number
  /** Sequence numbers below may have been used. */
  readonly reservedSequence: number
}

/** What closed a segment. */
export interface SealReport {
  readonly reason: 'size' | 'age' | 'close' | 'shard end' | 'recovery' | 'unknown'
  readonly firstArrivalMs: number
  readonly lastArrivalMs: number
  readonly lastSequence: number
  /** File offset behind the last frame. */
  readonly dataEnd: number
  readonly records: number
  readonly payloadBytes: number
  readonly epoch: number
}

/** The frames of one segment, walked from its first to its last. */
export interface FramesReport {
  /** Frames with a record, and what they carry. */
  readonly records: number
  readonly keyBytes: number
  readonly payloadBytes: number
  /** Marks that sequence numbers were left out. */
  readonly gaps: number
  /** File offset behind the last good frame. */
  readonly end: number
  readonly lastSequence: number
  readonly lastArrivalMs: number
}

/** One segment file. */
export interface SegmentReport {
  readonly file: string
  /** 0 for the log's first segment. */
  readonly ordinal: number
  /** Sequence number of the first frame. */
  readonly baseSequence: number
  readonly basePosition: number
  readonly createdMs: number
  readonly fileBytes: number
  /** What the file takes on the device; less than `fileBytes` where space was given back. */
  readonly allocatedBytes: number
  /** Where the frames begin; header, summary and index lie before. */
  readonly dataOffset: number
  /** Slots of the index, one for each 16 KiB of frames, and how many of them point at a frame. */
  readonly indexSlots: number
  readonly indexSlotsUsed: number
  /** Writers that wrote here, first to last. */
  readonly epochs: readonly { readonly epoch: number; readonly offset: number }[]
  /** Null while the segment is open, or when its seal was torn. */
  readonly seal: SealReport | null
  /** Null unless every byte was asked for, or the header is damaged. */
  readonly frames: FramesReport | null
}

/** One log: the metadata or a shard. */
export interface LogReport {
  /** `meta`, or `shards/` and 32 hexadecimal digits. */
  readonly folder: string
  /** 32 hexadecimal digits. */
  readonly uuid: string
  /** Number of the shard in its stream. */
  readonly shard: number
  /** Null when the control page is missing or damaged; a finding says so. */
  readonly control: ControlReport | null
  /** Oldest first; segments with a damaged header are left out and have a finding. */
  readonly segments: readonly SegmentReport[]
}

/** What native code answers for a folder. */
export interface FolderReport {
  readonly path: string
  /** What the file `format` says. */
  readonly formatVersion: number
  /** A process has the store open for writing right now. */
  readonly inUse: boolean
  /** The metadata first, then the shards by folder name. */
  readonly logs: readonly LogReport[]
  readonly findings: readonly Finding[]
  /** Bytes of files that were read and checked. */
  readonly bytesChecked: number
}

/** Which stream a log belongs to. */
export interface LogOwner {
  readonly account: string
  readonly region: string
  readonly stream: string
  readonly shardId: string
}

/** A delivery stream, or a channel. */
export interface DeliveryReport {
  readonly account: string
  readonly region: string
  readonly name: string
  readonly kind: 'delivery-stream' | 'channel'
  /** An ARN, or `Direct PUT`: then what is not delivered lies in the stream `firehose:<name>`. */
  readonly source: string
  /** The ARN of a bucket or stream, the address of an endpoint, the name of a function. */
  readonly destination: string
}

/** A folder's report with the names that its metadata gives to the logs. */
export interface StoreReport extends Omit<FolderReport, 'logs'> {
  /** Names of the streams, also of those without files; null where the metadata cannot be read. */
  readonly streams: readonly string[] | null
  /** Delivery streams and channels, by account, region and name; null where the metadata cannot be read. */
  readonly deliveryStreams: readonly DeliveryReport[] | null
  /**
   * The metadata first, then streams by name and shard. `owner` is null for the metadata log, for logs of no stream,
   * and where the metadata cannot be read.
   */
  readonly logs: readonly (LogReport & { readonly owner: LogOwner | null })[]
}
