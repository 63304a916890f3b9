/** The files of a store without what is drawn anew each time: what is left is the same for every making of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { framesOf, partAt, Structure } from '../docs/structures.ts'
import { pathsIn } from './container.ts'
import { namesOfLogs } from './observe.ts'

const control = new Structure('Control page')
const segmentHeader = new Structure('Segment header')
const seal = new Structure('Seal')

/** Words of a control page that depend on the machine and the moment. */
const drawnWords: Readonly<Record<string, number>> = { crc: 4, uuid: 16, boot_hash: 8, writer_pid: 8 }

/**
 * Leaves out: uuids, salts, boots, processes, and the checksums over them; wake pages, whose words mean nothing; and
 * segments that have not begun, since whether there is one depends on the helper threads.
 */
export async function normalForm(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = await namesOfLogs(path)
  const uuids = new Map<string, string>()
  const files = new Map<string, Buffer>()
  for (const { path: file, isFile } of pathsIn(path)) {
    if (!isFile || file.endsWith('/wake') || file.endsWith('.tmp')) continue
    const bytes = readFileSync(join(path, file))
    if (file.endsWith('/ctl')) blank(bytes, control, drawnWords)
    if (file.endsWith('.seg') && bytes.some((byte) => byte !== 0)) normaliseSegment(bytes)
    if (file === 'format' || file.startsWith('meta/')) nameUuids(bytes, uuids)
    files.set(named(file, names), bytes)
  }
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function named(file: string, names: ReadonlyMap<string, string>): string {
  const folder = [...names.keys()].find((name) => file.startsWith(`${name}/`))
  return folder === undefined ? file : `${names.get(folder)}${file.slice(folder.length)}`
}

function normaliseSegment(bytes: Buffer): void {
  for (const frame of framesOf(bytes)) {
    bytes.fill(0, frame.at + 4, frame.at + 8)
    // Of a snapshot of the metadata: a checksum over what has uuids in it, as MessagePack writes it.
    const at = frame.payload.indexOf('crc32')
    if (at !== -1) frame.payload.fill(0, at + 'crc32'.length)
  }
  const header = segmentHeader
  blank(bytes, header, { crc: 4, uuid: 16, salt: 8 })
  const sealAt = partAt('seal')
  bytes.fill(0, sealAt + seal.offsetOf('crc'), sealAt + seal.offsetOf('crc') + 4)
}

function blank(bytes: Buffer, structure: Structure, fields: Readonly<Record<string, number>>): void {
  for (const [field, length] of Object.entries(fields)) {
    bytes.fill(0, structure.offsetOf(field), structure.offsetOf(field) + length)
  }
}

/** Puts counted names in place of uuids, which are texts of 32 hexadecimal digits; streams that are gone have some, too. */
function nameUuids(bytes: Buffer, uuids: Map<string, string>): void {
  for (const { 0: uuid, index } of bytes.toString('latin1').matchAll(/[0-9a-f]{32}/g)) {
    const name = uuids.get(uuid) ?? `uuid ${uuids.size}`.padEnd(32)
    uuids.set(uuid, name)
    bytes.write(name, index, 'latin1')
  }
}
