import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Structure, valuesOf } from '../docs/structures.ts'

const control = new Structure('Control page')

/** What a control page calls this boot: 64-bit FNV-1a of the boot id, as docs/on-disk-format.md has it. */
function bootHash(): bigint {
  const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim().replaceAll('-', '')
  let hash = 0xcbf2_9ce4_8422_2325n
  for (const byte of Buffer.from(id, 'hex')) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n)
  }
  return hash
}

function controlPages(store: string): string[] {
  const logs = readdirSync(join(store, 'shards')).map((name) => join(store, 'shards', name))
  return [join(store, 'meta'), ...logs].map((log) => join(log, 'ctl')).filter((path) => existsSync(path))
}

function setBoot(store: string, hash: bigint): void {
  for (const path of controlPages(store)) {
    const page = readFileSync(path)
    page.writeBigUInt64LE(hash, control.offsetOf('boot_hash'))
    writeFileSync(path, page)
  }
}

/** The last writers of the store ran in this boot. */
export function setThisBoot(store: string): void {
  setBoot(store, bootHash())
}

/** The last writers ran before the machine was booted. */
export function setOtherBoot(store: string): void {
  setBoot(store, 1n)
}

/** Whether a log of the store was left open. */
export function isOpen(store: string): boolean {
  const open = valuesOf('States')['open']
  return controlPages(store).some((path) => control.read(readFileSync(path))['state'] === open)
}
