import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const chunk = Buffer.alloc(1024 * 1024, 1)

/**
 * Gives the kernel `bytes` of memory that is really there: writes a file of that size and drops it again. A host
 * takes memory that a virtual machine does not use; the first touch of a page then costs 10 µs instead of less than
 * one, which has nothing to do with what is measured and everything with who was measured first.
 */
export function supplyPages(folder: string, bytes: number): void {
  const path = join(folder, 'scratch')
  const file = openSync(path, 'w')
  for (let left = bytes; left > 0; left -= chunk.length) writeSync(file, chunk)
  closeSync(file)
  unlinkSync(path)
}
