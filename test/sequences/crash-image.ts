/**
 * What a crash leaves of a store: a copy of its folder, taken while the store is open and nothing is under way. As it
 * is, that is what the death of the process leaves, the page cache being whole. `endSystem` makes of it what a loss of
 * power may leave, with the tables of docs/on-disk-format.md.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Structure } from '../docs/structures.ts'
import type { Behind } from './step.ts'

const control = new Structure('Control page')
const segmentHeader = new Structure('Segment header')
/** What no boot is called. */
const otherBoot = 1n

/** Copies a folder. Helper threads go on meanwhile: a file may vanish, as it may before a crash. */
export function copyFolder(from: string, to: string): void {
  mkdirSync(to)
  // The control page first: what is copied later may be further than it says, and never less far.
  const entries = unlessGone(() => readdirSync(from, { withFileTypes: true })) ?? []
  for (const entry of entries.toSorted((a, b) => Number(b.name === 'ctl') - Number(a.name === 'ctl'))) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyFolder(source, target)
    else unlessGone(() => copyFileSync(source, target))
  }
}

function unlessGone<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** What is on the disk of each shard at least, by the name of its folder: positions. */
export type Marks = Map<string, number>

/** Takes over the durable marks of a store where they are higher: one that never syncs forgets what others synced. */
export function raiseMarks(store: string, marks: Marks): void {
  for (const name of shardFolders(store)) {
    const { durable } = control.read(readFileSync(join(store, 'shards', name, 'ctl')))
    marks.set(name, Math.max(durable as number, marks.get(name) ?? 0))
  }
}

/**
 * Makes the copy one of another boot, and tears off the end of every shard.
 *
 * @param torn how much of what is not durable is gone, from 0 to 1
 */
export function endSystem(store: string, torn: number, behind: Behind, marks: Marks = new Map()): void {
  raiseMarks(store, marks)
  forgetBoot(join(store, 'meta'))
  for (const name of shardFolders(store)) {
    const log = join(store, 'shards', name)
    forgetBoot(log)
    if (torn > 0) tear(log, marks.get(name) ?? 0, torn, behind)
  }
}

/** Shards that have files. */
function shardFolders(store: string): string[] {
  const root = join(store, 'shards')
  const names = existsSync(root) ? readdirSync(root) : []
  return names.filter((name) => !name.endsWith('.trash') && existsSync(join(root, name, 'ctl')))
}

function forgetBoot(log: string): void {
  const path = join(log, 'ctl')
  const page = readFileSync(path)
  page.writeBigUInt64LE(otherBoot, control.offsetOf('boot_hash'))
  writeFileSync(path, page)
}

function tear(log: string, durable: number, torn: number, behind: Behind): void {
  const committed = control.read(readFileSync(join(log, 'ctl')))['committed'] as number
  const position = committed - Math.floor((committed - durable) * torn)
  if (position >= committed) return
  const names = readdirSync(log).filter((name) => name.endsWith('.seg'))
  for (const name of names) {
    const path = join(log, name)
    const file = readFileSync(path)
    const base = segmentHeader.read(file)['base_position'] as number
    const dataOffset = segmentHeader.read(file)['data_offset'] as number
    if (base <= position) {
      const next = names.map((other) => basePosition(join(log, other))).filter((other) => other > base)
      if (next.some((other) => other <= position)) continue
      file.fill(0, dataOffset + (position - base))
      writeFileSync(path, file)
    } else if (behind === 'nothing') {
      rmSync(path)
    } else if (behind === 'zeros') {
      writeFileSync(path, file.fill(0))
    }
  }
}

function basePosition(path: string): number {
  return segmentHeader.read(readFileSync(path))['base_position'] as number
}
