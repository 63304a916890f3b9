import { posix } from 'node:path'
import type { Finding, SourceFile } from './checkout.ts'
import { lineAt, withoutComments } from './code.ts'

interface Layer {
  readonly name: string
  /** Which files belong to it. The first layer that matches a path has it. */
  readonly holds: RegExp
  /** The layers it may import, beside itself. */
  readonly mayImport: readonly string[]
}

const leaves = 'leaf'
const contracts = ['log contract', 'meta contract', leaves]
const library = ['store', ...contracts]

/** The picture of docs/architecture.md as a table, top to bottom. Arrows point down only. */
export const layers: readonly Layer[] = [
  {
    name: 'cli',
    holds: /^src\/cli\//,
    mayImport: ['public surface', 'inspection', 'server', 'firehose', leaves],
  },
  { name: 'testing', holds: /^src\/testing\//, mayImport: ['public surface', 'aws', 'firehose', ...library] },
  { name: 'server', holds: /^src\/server\//, mayImport: ['public surface', 'aws', 'firehose', ...library] },
  { name: 'console', holds: /^src\/console\//, mayImport: [] },
  { name: 'aws', holds: /^src\/aws\//, mayImport: ['firehose', ...library] },
  { name: 'firehose', holds: /^src\/firehose\//, mayImport: library },
  { name: 'lambda', holds: /^src\/lambda\//, mayImport: ['consumer', ...library] },
  { name: 'producer', holds: /^src\/producer\//, mayImport: library },
  { name: 'consumer', holds: /^src\/consumer\//, mayImport: library },
  // src/open.ts and src/open-memory.ts turn a place into implementations; src/index.ts is what `import 'millrace'` gives.
  {
    name: 'public surface',
    holds: /^src\/(index|open|open-memory|store-image|durability)\.ts$/,
    mayImport: ['log implementation', 'meta implementation', 'inspection', ...library],
  },
  // What lies in a folder, without opening the store.
  {
    name: 'inspection',
    holds: /^src\/(inspect|repair)\.ts$/,
    mayImport: ['native', 'log implementation', 'meta implementation', 'firehose', ...library],
  },
  { name: 'store', holds: /^src\/streams\//, mayImport: contracts },
  {
    name: 'log contract',
    holds: /^src\/log\/(buckets|log|read-block|record-slab|sync-stats)\.ts$/,
    mayImport: [leaves],
  },
  {
    name: 'meta contract',
    holds: /^src\/meta\/(meta|commands|settings|state)\.ts$/,
    mayImport: ['log contract', leaves],
  },
  { name: 'log implementation', holds: /^src\/log\//, mayImport: ['log contract', 'native', leaves] },
  { name: 'meta implementation', holds: /^src\/meta\//, mayImport: contracts },
  { name: 'native', holds: /^src\/native\//, mayImport: ['log contract', leaves] },
  {
    name: leaves,
    holds: /^src\/(errors|units|clock|options|aggregation|small-file|store-report|repair-report)\.ts$/,
    mayImport: [],
  },
]

/** Imports of src/ that point up or sideways, and files that no layer has. */
export function wrongWay({ path, text }: SourceFile): Finding[] {
  const layer = layerOf(path)
  if (layer === undefined) return [`${path}:1: belongs to no layer of test/tidy/direction.ts`]
  const code = withoutComments(text)
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]+)['"]/g)].flatMap((match) => {
    const target = posix.join(posix.dirname(path), match[1] ?? '')
    const targetLayer = layerOf(target)
    if (targetLayer === layer || (targetLayer && layer.mayImport.includes(targetLayer.name))) return []
    return [
      `${path}:${lineAt(code, match.index)}: ${layer.name} may not import ${target} (${targetLayer?.name ?? 'no layer'})`,
    ]
  })
}

function layerOf(path: string): Layer | undefined {
  return layers.find((layer) => layer.holds.test(path))
}

/** Which headers each folder of native/ may include, beside the standard library's and the system's. */
const nativeFolders: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  binding: ['binding', 'core'],
  test: ['test', 'fuzz', 'core'],
  crash: ['crash', 'test', 'core', 'binding'], // binding: for an addon of its own, which replaces a file there
  fuzz: ['fuzz', 'core'],
}

const nodeHeaders = /^(napi|node|v8|uv|js_native_api|node_api)[\w-]*\.h$|^(node|v8|uv)\//

/** Includes of native/ that point up, and Node's headers outside the binding. */
export function wrongInclude({ path, text }: SourceFile): Finding[] {
  const folder = /^native\/([^/]+)\//.exec(path)?.[1] ?? ''
  const allowed = nativeFolders[folder]
  if (allowed === undefined) return [`${path}:1: native/${folder} is not in test/tidy/direction.ts`]
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]/gm)].flatMap((match) => {
    const [, quote, header = ''] = match
    const place = `${path}:${lineAt(text, match.index)}:`
    if (nodeHeaders.test(header)) {
      return folder === 'binding' ? [] : [`${place} ${header} is Node's; only native/binding may include it`]
    }
    if (quote === '<') return []
    const target = header.split('/')[0] ?? ''
    return header.includes('/') && allowed.includes(target)
      ? []
      : [`${place} native/${folder} may not include "${header}"`]
  })
}
