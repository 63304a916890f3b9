import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillraceError } from '../errors.ts'
import { interfaceVersion, type NativeAddon } from './addon.ts'
import { platformFolder } from './platform.ts'

/** The package's folder, from src/native as from dist/chunks, where this is built into. */
const packageFolder = fileURLToPath(new URL('../../', import.meta.url))

let loaded: NativeAddon | undefined

/**
 * The addon, loaded at the first call: from the file that `MILLRACE_NATIVE` names, else from this checkout's
 * own build, else from the binary that the package carries for the platform.
 *
 * @throws MillraceError `ERR_MILLRACE_NATIVE_LOAD`; the message names the command that helps
 */
export function loadAddon(): NativeAddon {
  loaded ??= loadFrom(packageFolder, process.env['MILLRACE_NATIVE'])
  return loaded
}

/** `loadAddon` for a package in `folder`, with the file that the environment names, if any. Remembers nothing. */
export function loadFrom(folder: string, named: string | undefined): NativeAddon {
  if (named !== undefined && named !== '') return required(resolve(named), folder)
  const built = join(folder, 'build', 'Release', 'millrace.node')
  if (existsSync(built)) return required(built, folder)
  const platform = platformFolder()
  const carried = join(folder, 'prebuilds', platform, 'millrace.node')
  if (existsSync(carried)) return required(carried, folder)
  throw loadError(
    `millrace has no native addon for ${platform}: neither ${built} nor ${carried} exists`,
    folder,
  )
}

/** A file that exists is the one that is meant: what is wrong with it is not papered over by another. */
function required(file: string, folder: string): NativeAddon {
  let addon: unknown
  try {
    addon = createRequire(import.meta.url)(file)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw loadError(`the native addon ${file} does not load: ${reason}`, folder, { cause })
  }
  if (isAddon(addon)) return addon
  throw loadError(
    `the native addon ${file} was built from other sources than this version of millrace`,
    folder,
  )
}

function isAddon(loadedModule: unknown): loadedModule is NativeAddon {
  return (
    typeof loadedModule === 'object' &&
    loadedModule !== null &&
    'interfaceVersion' in loadedModule &&
    loadedModule.interfaceVersion === interfaceVersion
  )
}

function loadError(
  problem: string,
  folder: string,
  options: { readonly cause?: unknown } = {},
): MillraceError {
  const build = 'node scripts/build-native.mjs'
  // In a dependant's tree npm finds the package's folder; in a checkout that is where one stands.
  const installed = folder.split(sep).includes('node_modules')
  const command = installed ? `npm explore millrace -- ${build}` : build
  return new MillraceError('ERR_MILLRACE_NATIVE_LOAD', `${problem}. To build it: ${command}`, {
    ...options,
    details: { command },
  })
}
