import { SingleBar } from 'cli-progress'
import type { Writable } from 'node:stream'
import { bytes, count, perSecond } from './figures.ts'

/** How far a command is, shown on standard error while that is a terminal, and nowhere else. */
export interface Progress {
  /** What is done so far. */
  update(records: number, recordBytes: number, sourceBytes: number): void
  /** Takes the bar off the screen; what it showed is said by the command's result. */
  stop(): void
}

/** How far a check of a store is, shown likewise. */
export interface ScanProgress {
  update(doneBytes: number, totalBytes: number): void
  stop(): void
}

const silent = { update: (): void => undefined, stop: (): void => undefined }

/** The bar of a check whose length is known only once it has begun. */
export function showScanProgress(stderr: Writable & { readonly isTTY?: boolean }): ScanProgress {
  if (stderr.isTTY !== true) return silent
  const startedAt = performance.now()
  const bar = new SingleBar({
    stream: stderr,
    clearOnComplete: true,
    hideCursor: true,
    format: '{bar} {percentage} % | {done} of {all}, {rate}/s',
  })
  bar.start(1, 0, { done: bytes(0), all: '?', rate: bytes(0) })
  return {
    update: (doneBytes, totalBytes) => {
      const rate = bytes(perSecond(doneBytes, performance.now() - startedAt))
      bar.setTotal(Math.max(1, totalBytes))
      bar.update(doneBytes, { done: bytes(doneBytes), all: bytes(totalBytes), rate })
    },
    stop: () => bar.stop(),
  }
}

/** @param totalBytes bytes of the source, or undefined for a source without an end */
export function showProgress(
  stderr: Writable & { readonly isTTY?: boolean },
  totalBytes: number | undefined,
): Progress {
  if (stderr.isTTY !== true) return silent
  const startedAt = performance.now()
  const bar = new SingleBar({
    stream: stderr,
    clearOnComplete: true,
    hideCursor: true,
    format:
      totalBytes === undefined
        ? '{records} records, {stored}, {rate} records/s'
        : '{bar} {percentage} % | {records} records, {stored}, {rate} records/s',
  })
  bar.start(Math.max(1, totalBytes ?? 1), 0, { records: '0', stored: bytes(0), rate: '0' })
  return {
    update: (records, recordBytes, sourceBytes) => {
      const rate = count(perSecond(records, performance.now() - startedAt))
      bar.update(sourceBytes, { records: count(records), stored: bytes(recordBytes), rate })
    },
    stop: () => bar.stop(),
  }
}
