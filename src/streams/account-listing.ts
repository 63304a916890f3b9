import { accountId, type MetaState, type StreamState } from '../meta/state.ts'
import type { AccountKey } from './account.ts'
import { isInternal } from './internal-streams.ts'

const none: readonly StreamState[] = []

/** The streams of one moment, by account. What was looked up once is there for all pages of a listing. */
export class AccountListing {
  readonly streams: MetaState['streams']
  /** By `accountId`. Of accounts that have streams: whoever calls may make up any others. */
  #found: Map<string, StreamState[]> | undefined
  readonly #sorted: Map<string, readonly StreamState[]> = new Map()

  constructor(streams: MetaState['streams']) {
    this.streams = streams
  }

  /** Accounts of which something is kept. */
  get accounts(): number {
    return Math.max(this.#found?.size ?? 0, this.#sorted.size)
  }

  /** The streams of an account, in no order. */
  of({ account, region }: AccountKey): readonly StreamState[] {
    this.#found ??= byAccount(this.streams)
    return this.#found.get(accountId(account, region)) ?? none
  }

  /** The streams of an account, by name. */
  byName(at: AccountKey): readonly StreamState[] {
    const id = accountId(at.account, at.region)
    const known = this.#sorted.get(id)
    if (known !== undefined) return known
    const found = this.of(at)
    if (found.length === 0) return none
    const sorted = found.toSorted((a, b) => (a.key.name < b.key.name ? -1 : 1))
    this.#sorted.set(id, sorted)
    return sorted
  }
}

function byAccount(streams: MetaState['streams']): Map<string, StreamState[]> {
  const found = new Map<string, StreamState[]>()
  for (const stream of streams.values()) {
    if (isInternal(stream.key)) continue
    const id = accountId(stream.key.account, stream.key.region)
    const others = found.get(id)
    if (others === undefined) found.set(id, [stream])
    else others.push(stream)
  }
  return found
}

/** Where the streams begin whose names come after this one. @param sorted by name */
export function firstAfterName(sorted: readonly StreamState[], name: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as StreamState).key.name <= name) low = middle + 1
    else high = middle
  }
  return low
}
