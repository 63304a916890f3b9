import { type AccountKey, MillraceError, storeDefaults } from '../index.ts'
import { streamKeysIn } from '../inspect.ts'
import { counted } from './figures.ts'

/**
 * Account and region: streams belong to both, and a folder may hold those of several. Whoever looks into
 * one of them is told of the others before they believe that nothing is there.
 */

/** What is asked for; what is not said is the store's default. */
export interface AskedScope {
  readonly account?: string | undefined
  readonly region?: string | undefined
}

/** A scope in one word. */
export function scopeName({ account, region }: AccountKey): string {
  return `${account}/${region}`
}

/** Whether it is the one that is meant where nobody names one. */
export function isUsual({ account, region }: AccountKey): boolean {
  return account === storeDefaults.account && region === storeDefaults.region
}

/**
 * What other accounts and regions in a folder hold, in words that say how to get there; nothing if they
 * hold nothing.
 */
export async function elsewhere(dir: string, asked: AskedScope, stream?: string): Promise<readonly string[]> {
  const { account = storeDefaults.account, region = storeDefaults.region } = asked
  const here = scopeName({ account, region })
  const streams = new Map<string, { readonly scope: AccountKey; count: number }>()
  for (const { name, ...scope } of await streamKeysIn(dir)) {
    if (scopeName(scope) === here || (stream !== undefined && name !== stream)) continue
    const held = streams.get(scopeName(scope)) ?? { scope, count: 0 }
    held.count += 1
    streams.set(scopeName(scope), held)
  }
  return Array.from(streams.values(), ({ scope, count }) => {
    const what = stream === undefined ? counted(count, 'stream') : 'one'
    return `${what} in --account ${scope.account} --region ${scope.region}`
  }).toSorted()
}

/** Does the work; a stream that is not found is told of where there is one of its name. */
export async function hinted<T>(dir: string, asked: AskedScope, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const missing = error instanceof MillraceError && error.code === 'ERR_MILLRACE_STREAM_NOT_FOUND'
    const name = missing ? error.details['name'] : undefined
    const places = typeof name === 'string' ? await elsewhere(dir, asked, name) : []
    if (!missing || places.length === 0) throw error
    const { code, message, details } = error
    throw new MillraceError(code, `${message}; there is ${places.join(', ')}`, { cause: error, details })
  }
}
