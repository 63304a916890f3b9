import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the console as it is sent. */
export interface ConsoleAsset {
  readonly contentType: string
  /** Changes with the content. */
  readonly etag: string
  readonly bytes: Uint8Array
}

/** What is sent; files of other kinds stay at home. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** What comes from the package of the charts: its file, by the name that the page knows. */
const chartFiles: Readonly<Record<string, string>> = {
  'uplot.js': 'uPlot.esm.js',
  'uplot.css': 'uPlot.min.css',
}

/**
 * The files of the console, by name, read once. A request can only name one of them: its path is looked up and
 * never becomes the path of a file.
 */
export function consoleAssets(): ReadonlyMap<string, ConsoleAsset> {
  const assets = new Map<string, ConsoleAsset>()
  const folder = fileURLToPath(new URL('../console/', import.meta.url))
  for (const name of readdirSync(folder)) {
    const contentType = contentTypes[extname(name)]
    if (contentType !== undefined) assets.set(name, assetOf(join(folder, name), contentType))
  }
  const charts = dirname(createRequire(import.meta.url).resolve('uplot'))
  for (const [name, file] of Object.entries(chartFiles)) {
    assets.set(name, assetOf(join(charts, file), contentTypes[extname(name)] as string))
  }
  return assets
}

function assetOf(path: string, contentType: string): ConsoleAsset {
  const bytes = readFileSync(path)
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`
  return { contentType, etag, bytes }
}
