import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Timing } from './contest.ts'

/** Where `npm run bench` has the raw loops (bench/native/raw_*.cc) built. */
const folder = join('build', 'bench-native')

const start = promisify(execFile)

/** Runs a raw loop in a process of its own; it times itself. */
export async function rawLog(
  command: 'append' | 'read' | 'open',
  named: Readonly<Record<string, string | number>>,
): Promise<Timing> {
  const args = Object.entries(named).map(([name, value]) => `${name}=${value}`)
  const { stdout } = await start(join(folder, `raw_${command}`), args)
  return JSON.parse(stdout) as Timing
}
