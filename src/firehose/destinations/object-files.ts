import { lstat, mkdir, open, readdir, realpath, rename, unlink } from 'node:fs/promises'

/** An open file or folder. */
export interface ObjectFile {
  write(bytes: Uint8Array, at: number, count: number): Promise<{ readonly bytesWritten: number }>
  /** Bytes, and for a folder the names in it, survive a loss of power from then on. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** What is at a path, without following a link. */
export interface FoundFile {
  readonly mtimeMs: number
  isDirectory(): boolean
  isFile(): boolean
  isSymbolicLink(): boolean
}

/** The calls to the system that a folder of objects is made with. Each rejects with the system's error. */
export interface ObjectFiles {
  /** `wx` makes a file that must not be there yet. */
  open(path: string, flags: 'r' | 'wx'): Promise<ObjectFile>
  mkdir(path: string): Promise<unknown>
  lstat(path: string): Promise<FoundFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  readdir(path: string): Promise<readonly string[]>
  /** Follows every link on the way. */
  realpath(path: string): Promise<string>
}

/** The system's. */
export const systemFiles: ObjectFiles = { open, mkdir, lstat, rename, unlink, readdir, realpath }

/** Whether an error is the system's, with this code, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
