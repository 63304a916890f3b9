import { readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { MillraceError } from '../errors.ts'

/** Who has a store open for writing. */
export interface LockHolder {
  readonly pid: number
  readonly host: string
  /** How the process was started, shortened; empty if the system does not say. */
  readonly command: string
}

/** What is shown of a command, characters. */
const commandMax = 200

/**
 * Who holds the lock of a store's folder; `undefined` if the system does not say: nobody does any more, or a process
 * that cannot be seen from here, such as one in another container.
 *
 * @param locks the system's list of locks, as in proc_locks(5)
 */
export async function lockHolder(folder: string, locks = '/proc/locks'): Promise<LockHolder | undefined> {
  try {
    const { dev, ino } = await stat(join(folder, 'lock'))
    const place = `${hex(majorOf(dev))}:${hex(minorOf(dev))}:${ino}`
    const line = (await readFile(locks, 'utf8')).split('\n').find((each) => each.split(/\s+/)[5] === place)
    const pid = Number(line?.split(/\s+/)[4])
    if (!Number.isInteger(pid) || pid <= 0) return undefined
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return { pid, host: hostname(), command: command.split('\0').join(' ').trim().slice(0, commandMax) }
  } catch {
    return undefined
  }
}

/**
 * An `ERR_MILLRACE_STORE_BUSY` that says who it is, as far as that is known. Other errors as they are. Within this process the
 * engine says more than who: whether it is this thread, or another one with other options.
 */
export async function namingHolder(error: unknown, folder: string): Promise<unknown> {
  if (!(error instanceof MillraceError) || error.code !== 'ERR_MILLRACE_STORE_BUSY') return error
  const holder = await lockHolder(folder)
  if (holder === undefined) return error
  const { pid, host, command } = holder
  const other = `process ${pid} on ${host}${command && ` (${command})`}`
  return new MillraceError(
    error.code,
    pid === process.pid
      ? error.message
      : `${folder}: ${other} has it open for writing; a store has one writer at a time`,
    {
      cause: error.cause,
      details: { ...error.details, pid, host, command },
    },
  )
}

/** As the system's headers take a device's number apart. */
function majorOf(device: number): number {
  return Math.floor(device / 2 ** 8) % 2 ** 12
}

function minorOf(device: number): number {
  return (device % 2 ** 8) + Math.floor(device / 2 ** 20) * 2 ** 8
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0')
}
