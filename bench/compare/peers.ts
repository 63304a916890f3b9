import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** Where the peers are named, and where they are installed: not among the project's own dependencies. */
const declared = join('bench', 'compare', 'peers')
const installed = resolve('build', 'peers')

/**
 * Installs the peers as their lockfile says, unless they are there. Only better-sqlite3 is compiled, since its
 * package brings no binary; that takes about a minute, once.
 */
export function installPeers(progress: (text: string) => void): void {
  const lockfile = readFileSync(join(declared, 'package-lock.json'))
  const hash = createHash('sha256').update(lockfile)
  hash.update([process.platform, process.arch, process.versions.modules].join())
  const wanted = hash.digest('hex')
  const stamp = join(installed, 'node_modules', '.millrace-peers')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  mkdirSync(installed, { recursive: true })
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(join(declared, file), join(installed, file))
  progress('installing peers')
  npm('ci', '--ignore-scripts', '--no-audit', '--no-fund')
  progress('compiling better-sqlite3')
  npm('rebuild', 'better-sqlite3')
  writeFileSync(stamp, wanted)
}

/** A module of the peers' dependencies. The caller says which part of it is used, and how it is typed. */
export function peerModule<Module>(name: string): Module {
  return createRequire(join(installed, 'package.json'))(name) as Module
}

/** The versions that are installed, by name. */
export function peerVersions(): Readonly<Record<string, string>> {
  const { dependencies } = manifest(join(installed, 'package.json'))
  return Object.fromEntries(
    Object.keys(dependencies ?? {}).map((name) => [
      name,
      manifest(join(installed, 'node_modules', name, 'package.json')).version ?? '?',
    ]),
  )
}

interface Manifest {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest
}

function npm(...args: readonly string[]): void {
  const script = process.env['npm_execpath']
  const [program, first] = script === undefined ? ['npm', []] : [process.execPath, [script]]
  const environment = { ...process.env, npm_config_build_from_source: 'true' }
  const headers = nodeHeaders()
  if (headers !== undefined) Object.assign(environment, { npm_config_nodedir: headers })
  try {
    execFileSync(program, [...first, ...args, '--loglevel=error'], {
      cwd: installed,
      env: environment,
      stdio: 'pipe',
    })
  } catch (cause) {
    const said = String((cause as { readonly stderr?: unknown }).stderr ?? cause)
    throw new Error(`npm ${args.join(' ')} of the peers failed:\n${said}`, { cause })
  }
}

/** The prefix of the running Node if its headers are beside it; node-gyp would download them otherwise. */
function nodeHeaders(): string | undefined {
  const prefix = join(dirname(realpathSync(process.execPath)), '..')
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined
}
