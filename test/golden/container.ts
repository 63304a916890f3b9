/**
 * A store's folder as one file: the length of an index, the index as JSON, and the files' contents one behind the
 * other; all of it compressed, since most of a segment is zeros.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'

interface Member {
  readonly path: string
  /** Undefined for a folder. */
  readonly bytes?: number
}

/** Every file and folder below `root`, by its path from there. */
export function pathsIn(root: string): { readonly path: string; readonly isFile: boolean }[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => ({ path: relative(root, join(entry.parentPath, entry.name)), isFile: entry.isFile() }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

export function pack(root: string): Buffer {
  const contents: Buffer[] = []
  const members = pathsIn(root).map(({ path, isFile }): Member => {
    if (!isFile) return { path }
    const content = readFileSync(join(root, path))
    contents.push(content)
    return { path, bytes: content.length }
  })
  const index = Buffer.from(JSON.stringify(members))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(index.length)
  return brotliCompressSync(Buffer.concat([length, index, ...contents]), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 9 },
  })
}

/** Writes the files below `root`, which does not exist yet. */
export function unpack(packed: Uint8Array, root: string): void {
  const whole = brotliDecompressSync(packed)
  let at = 4 + whole.readUInt32LE()
  const members = JSON.parse(whole.toString('utf8', 4, at)) as readonly Member[]
  mkdirSync(root)
  for (const { path, bytes } of members) {
    const target = join(root, path)
    mkdirSync(bytes === undefined ? target : dirname(target), { recursive: true })
    if (bytes === undefined) continue
    writeFileSync(target, whole.subarray(at, at + bytes))
    at += bytes
  }
}
