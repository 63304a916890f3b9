import type { Finding, SourceFile } from './checkout.ts'
import { codeOnly, lineAt, withoutComments } from './code.ts'

/** Where the system's clock, timers and randomness may be touched: the one clock, the command line, and sockets. */
const mayTouchTheSystem = /^src\/(clock\.ts$|cli\/|server\/)/

const ambient =
  /\b(Date\.now|Math\.random|performance\.now|setInterval|setTimeout|setImmediate)\b|\bnew Date\(\s*\)/g

/** Uses of the system's clock, timers and randomness below the command line, instead of a `Clock`. */
export function ambientTime({ path, text }: SourceFile): Finding[] {
  if (mayTouchTheSystem.test(path)) return []
  const code = codeOnly(text)
  return [...code.matchAll(ambient)].map(
    (match) => `${path}:${lineAt(code, match.index)}: ${match[0]} is the system's; take a Clock`,
  )
}

/** `await` outside every function: it would make `require('millrace')` fail. */
export function topLevelAwait({ path, text }: SourceFile): Finding[] {
  const code = codeOnly(text)
  const findings: Finding[] = []
  let depth = 0
  for (const match of code.matchAll(/[([{]|[)\]}]|\bawait\b/g)) {
    if ('([{'.includes(match[0])) depth += 1
    else if (')]}'.includes(match[0])) depth -= 1
    else if (depth === 0)
      findings.push(`${path}:${lineAt(code, match.index)}: await at top level; require() would fail`)
  }
  return findings
}

/** The addon's file named anywhere but in its loader. */
export function namesAddon({ path, text }: SourceFile): Finding[] {
  if (path.startsWith('src/native/')) return []
  const code = withoutComments(text)
  return [...code.matchAll(/\.node['"`]/g)].map(
    (match) => `${path}:${lineAt(code, match.index)}: only src/native names the addon`,
  )
}
