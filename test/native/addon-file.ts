import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NativeAddon } from '../../src/native/addon.ts'

/** The binary under test: what `loadAddon` would load in a checkout. */
export const addonFile: string = resolve(
  process.env['MILLRACE_NATIVE'] ??
    fileURLToPath(new URL('../../build/Release/millrace.node', import.meta.url)),
)

/** The addon without anything of ours around it. */
export const addon: NativeAddon = createRequire(import.meta.url)(addonFile)
