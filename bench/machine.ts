import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, machine, release, totalmem, type as systemName } from 'node:os'

/** What the figures were measured on, in a few lines without names of this machine or its folders. */
export function describeMachine(folder: string): string[] {
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  const processor = cpus()[0]?.model ?? 'an unknown processor'
  const [load] = loadavg()
  return [
    `Machine: ${availableParallelism()} cores of ${processor} (${machine()}), ${memoryGiB} GiB; load ${load?.toFixed(1)} before the run`,
    `System:  ${systemName()} ${release().split('-')[0]}, ${fileSystemOf(folder)}; node ${process.versions.node}, V8 ${process.versions.v8}`,
    `Version: millrace ${version()}, ${compiler()}`,
  ]
}

function version(): string {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }
  return `${manifest.version} at ${firstLine('git', ['describe', '--always', '--dirty'])}`
}

function compiler(): string {
  return firstLine(process.env['CXX'] ?? 'c++', ['--version'])
}

function fileSystemOf(folder: string): string {
  return firstLine('stat', ['--file-system', '--format=%T', folder])
}

/** What a program has to say first, if it is there at all. */
function firstLine(program: string, args: readonly string[]): string {
  try {
    const said = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return said.split('\n')[0] ?? ''
  } catch {
    return `unknown (${program} is missing)`
  }
}
