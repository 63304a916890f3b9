/** When to write a snapshot. */
export interface SnapshotThresholds {
  /** After this many commands. Fewer make a store open faster, more write less. @defaultValue 1,000 */
  readonly snapshotCommands: number
  /** After this many bytes of commands, or four times the last snapshot if that is more. @defaultValue 1 MiB */
  readonly snapshotBytes: number
}

/** A snapshot is not repeated before the commands since then outweigh it by this factor. */
const snapshotFactor = 4

/** Counts what a reader would have to replay, and says when that is too much. */
export class SnapshotSchedule {
  readonly #thresholds: SnapshotThresholds
  #commands = 0
  #bytes = 0
  #lastSnapshotBytes = 0

  constructor(thresholds: SnapshotThresholds) {
    this.#thresholds = thresholds
  }

  /** A command of so many bytes was stored. */
  commandStored(bytes: number): void {
    this.#commands += 1
    this.#bytes += bytes
  }

  /** A snapshot of so many bytes was stored. */
  snapshotStored(bytes: number): void {
    this.#lastSnapshotBytes = bytes
    this.postpone()
  }

  /** Counts from here anew: no snapshot could be stored now. */
  postpone(): void {
    this.#commands = 0
    this.#bytes = 0
  }

  /** Whether a snapshot is due. */
  get due(): boolean {
    const bytesMax = Math.max(this.#thresholds.snapshotBytes, snapshotFactor * this.#lastSnapshotBytes)
    return this.#commands >= this.#thresholds.snapshotCommands || this.#bytes > bytesMax
  }
}
