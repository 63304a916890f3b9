import type { Finding, SourceFile } from './checkout.ts'

/** Compiled each by itself: kernels (CMakeLists.txt), and what is empty on most systems. */
const alone = /\/(crc32c|md5_lanes)_\w+\.cc$|_(macos|windows)\.cc$/

const declared = [
  /^(?:struct|class|enum class|using) (\w+)/,
  /^(?:inline )?constexpr [\w:\s*<>,&]+ (k\w+)/,
  /^(?:\[\[[^\]]*\]\] )*(?:constexpr |inline )*[A-Za-z_][\w:<>,&* ]*[ &*>](\w+)\(/,
]

/**
 * Names that anonymous namespaces of two files of a folder have: such files do not compile together, or one calls what the
 * other means.
 */
export function sharedNames(files: readonly SourceFile[]): Finding[] {
  const owners = new Map<string, string>()
  const findings: Finding[] = []
  for (const { path, text } of files.filter((file) => file.path.endsWith('.cc') && !alone.test(file.path))) {
    for (const name of ownNames(text)) {
      const key = `${path.slice(0, path.lastIndexOf('/'))} ${name}`
      const owner = owners.get(key)
      if (owner === undefined) owners.set(key, path)
      else findings.push(`${path}: ${name} is also a name of ${owner}, and both may be compiled together`)
    }
  }
  return findings
}

/** What a file declares for itself alone, outside all classes. */
function ownNames(text: string): Set<string> {
  const names = new Set<string>()
  for (const [, body = ''] of text.matchAll(/^namespace \{$([^]*?)^\} {2}\/\/ namespace$/gm)) {
    for (const line of body.split('\n')) {
      const name = declared.map((pattern) => pattern.exec(line)?.[1]).find((found) => found !== undefined)
      if (name !== undefined) names.add(name)
    }
  }
  return names
}
