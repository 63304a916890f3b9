import { randomUUID } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import type { Clock } from '../../clock.ts'
import { hourMs } from '../../units.ts'
import { DeliveryError, type ObjectDestination, type ObjectParcel } from '../destination.ts'
import { failureText } from '../failure-text.ts'
import { DurableFolders } from './durable-folders.ts'
import { hasCode, type ObjectFile, type ObjectFiles, systemFiles } from './object-files.ts'
import { objectPath } from './object-path.ts'

/** Beside the buckets, in the same file system; no bucket can have its name. */
const unfinished = '.unfinished'
/** What a process left here that died is not touched by anybody for so long. */
const abandonedMs = 24 * hourMs
/** Names of buckets begin and end with a letter or digit (Amazon S3 user guide, "Bucket naming rules"; the older, wider ones). */
const bucketNames = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?$/
/** Of a key, bytes of UTF-8. */
const keyBytesMax = 1024

/** What a folder of buckets needs. */
export interface FolderHost {
  /** Has a folder for each bucket; it, and they, are made when they are first needed. */
  readonly folder: string
  readonly clock: Clock
  /** @defaultValue the system's */
  readonly files?: ObjectFiles | undefined
}

/**
 * Objects as files: `<folder>/<bucket>/<key>`, with names as `objectPath` makes them of keys. An object appears under its
 * name at once and as a whole, after its bytes have reached the disk; once `deliver` has resolved, it survives a loss of power.
 * Content type and encoding are not kept: there is no place for them.
 *
 * Refused for good (`again: false`): `S3.InvalidBucketName`; `S3.KeyTooLongError` beyond 1,024 bytes, or if the system finds
 * the whole path too long; `S3.KeyConflict` for a key that another object's has as a folder (`a` and `a/b`). For now: what the
 * system refuses, and `S3.AccessDenied` for a bucket or folder that is a link, which may lead anywhere. A link in place of the
 * object is replaced, not followed; the folder of all buckets may be one.
 */
export class FolderBuckets implements ObjectDestination {
  readonly takes = 'objects'
  readonly #folder: string
  readonly #clock: Clock
  readonly #files: ObjectFiles
  readonly #folders: DurableFolders
  #root: Promise<string> | undefined

  constructor({ folder, clock, files = systemFiles }: FolderHost) {
    this.#folder = resolve(folder)
    this.#clock = clock
    this.#files = files
    this.#folders = new DurableFolders(files)
  }

  async deliver(parcel: ObjectParcel, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const names = namesOf(parcel)
    try {
      await this.#write(parcel, names, signal)
    } catch (error) {
      // If the folder was removed the next attempt makes it again.
      if (hasCode(error, 'ENOENT')) this.#root = undefined
      signal.throwIfAborted()
      throw failureOf(error, parcel)
    }
  }

  /** Files that were begun are finished or removed by whoever delivers them. */
  async close(): Promise<void> {}

  async #write(parcel: ObjectParcel, names: readonly string[], signal: AbortSignal): Promise<void> {
    const root = await this.#open()
    const temporary = join(await this.#folders.make(root, [unfinished]), randomUUID())
    try {
      await this.#fill(temporary, parcel, signal)
      const folder = await this.#folders.make(root, names.slice(0, -1))
      const path = join(folder, names.at(-1) as string)
      await this.#requireFree(path)
      signal.throwIfAborted()
      await this.#files.rename(temporary, path)
      await this.#folders.sync(folder)
    } catch (error) {
      // It is not there if it was not made, or has been renamed.
      await this.#files.unlink(temporary).catch(() => {})
      throw error
    }
  }

  async #fill(path: string, parcel: ObjectParcel, signal: AbortSignal): Promise<void> {
    const file = await this.#files.open(path, 'wx')
    try {
      for await (const chunk of parcel.body()) {
        signal.throwIfAborted()
        await writeAll(file, chunk)
      }
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** A folder is not replaced by a file: there are objects in it. */
  async #requireFree(path: string): Promise<void> {
    try {
      if (!(await this.#files.lstat(path)).isDirectory()) return
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return
      throw error
    }
    throw conflict(path)
  }

  /** The folder's own path, once it is there. If that fails, the next delivery tries again. */
  #open(): Promise<string> {
    this.#root ??= this.#openOnce().catch((error: unknown) => {
      this.#root = undefined
      throw error
    })
    return this.#root
  }

  async #openOnce(): Promise<string> {
    const missing: string[] = []
    let path = this.#folder
    for (;;) {
      try {
        path = await this.#files.realpath(path)
        break
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error
        missing.unshift(basename(path))
        path = dirname(path)
      }
    }
    const root = await this.#folders.make(path, missing)
    await this.#removeAbandoned(await this.#folders.make(root, [unfinished]))
    return root
  }

  /** What processes left that died. Others may write into the same folder now. */
  async #removeAbandoned(folder: string): Promise<void> {
    for (const name of await this.#files.readdir(folder)) {
      const path = join(folder, name)
      try {
        const { mtimeMs } = await this.#files.lstat(path)
        if (mtimeMs < this.#clock.nowMs() - abandonedMs) await this.#files.unlink(path)
      } catch {
        // Somebody else removed it, or it can be removed another time: it is in nobody's way.
      }
    }
  }
}

/** Names of folders and file below the folder of all buckets. */
function namesOf({ bucket, key }: ObjectParcel): readonly string[] {
  if (!bucketNames.test(bucket)) {
    throw new DeliveryError(
      'S3.InvalidBucketName',
      `the bucket ${JSON.stringify(bucket)} is not a valid name`,
      {
        again: false,
      },
    )
  }
  // As S3 gets it: what is no Unicode has no place in UTF-8.
  const written = Buffer.from(key)
  if (written.length === 0 || written.length > keyBytesMax) {
    throw new DeliveryError(
      'S3.KeyTooLongError',
      `a key has 1 to ${keyBytesMax} bytes, this one ${written.length}`,
      { again: false },
    )
  }
  return [bucket, ...objectPath(written.toString(), process.platform === 'win32')]
}

async function writeAll(file: ObjectFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at)
    at += bytesWritten
  }
}

function conflict(path: string): DeliveryError {
  return new DeliveryError(
    'S3.KeyConflict',
    `${path} is a folder of other objects, and cannot be one itself`,
    {
      again: false,
    },
  )
}

function failureOf(error: unknown, { bucket, key }: ObjectParcel): DeliveryError {
  if (DeliveryError.is(error)) return error
  const message = `${bucket}/${key}: ${failureText(error)}`
  if (hasCode(error, 'ENAMETOOLONG')) {
    return new DeliveryError('S3.KeyTooLongError', message, { again: false, cause: error })
  }
  // A folder came, or a file, since they were looked for.
  if (hasCode(error, 'EISDIR', 'ENOTDIR')) {
    return new DeliveryError('S3.KeyConflict', message, { again: false, cause: error })
  }
  const denied = hasCode(error, 'EACCES', 'EPERM', 'EROFS')
  return new DeliveryError(denied ? 'S3.AccessDenied' : 'S3.InternalError', message, {
    again: true,
    cause: error,
  })
}
