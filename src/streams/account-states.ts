import { MillraceError } from '../errors.ts'
import type { MetaStore } from '../meta/meta.ts'
import type { AccountSettings } from '../meta/settings.ts'
import { accountId, type StreamState } from '../meta/state.ts'
import type { AccountKey } from './account.ts'
import { AccountListing } from './account-listing.ts'
import { type Addition, isLimited, requireRoom } from './account-limits.ts'
import { commitmentAt } from './commitment.ts'
import { NamedTurns } from './named-turns.ts'
import { proposalsMax } from './proposals.ts'
import type { StoreTime } from './store-time.ts'

/** What becomes of an account's settings at a moment; none if they are as they should be. Pure. */
export type AccountDecision = (settings: AccountSettings, nowMs: number) => AccountSettings | undefined

/** What the metadata know of accounts: their streams, and what is set of them. */
export class AccountStates {
  readonly #meta: MetaStore
  readonly #time: StoreTime
  /** As of the state that was asked for last. */
  #listing: AccountListing | undefined
  readonly #changes: NamedTurns = new NamedTurns()
  readonly #additions: NamedTurns = new NamedTurns()

  constructor(meta: MetaStore, time: StoreTime) {
    this.#meta = meta
    this.#time = time
  }

  /** The streams of an account, in no order. */
  streamsOf(at: AccountKey): readonly StreamState[] {
    return this.#listed().of(at)
  }

  /** The streams of an account, by name. */
  streamsByName(at: AccountKey): readonly StreamState[] {
    return this.#listed().byName(at)
  }

  settingsOf({ account, region }: AccountKey): AccountSettings {
    return this.#meta.state.accounts.get(accountId(account, region))?.settings ?? {}
  }

  /** It has made the commitment to a minimum throughput. */
  isCommitted(at: AccountKey): boolean {
    return commitmentAt(this.settingsOf(at), this.#time.nowMs()).status !== 'DISABLED'
  }

  /**
   * Whether an account may have so much more, by the limits that were set.
   *
   * @throws `ERR_MILLRACE_LIMIT_EXCEEDED`
   */
  requireRoom(at: AccountKey, added: Addition): void {
    const settings = this.settingsOf(at)
    if (isLimited(settings)) requireRoom(this.streamsOf(at), settings, added)
  }

  /**
   * Makes a call that adds to what an account has, `requireRoom` within it, while no other one of this store does: between
   * the look at what there is and its change nobody takes the room. Calls of accounts without limits do not wait.
   *
   * @param bounded it is limited all the same
   */
  adding<T>(at: AccountKey, call: () => Promise<T>, bounded = false): Promise<T> {
    if (!bounded && !isLimited(this.settingsOf(at))) return call()
    return this.#additions.take(accountId(at.account, at.region), call)
  }

  /** Proposes what is decided until it builds on the present settings. */
  change(at: AccountKey, decide: AccountDecision): Promise<void> {
    return this.#changes.take(accountId(at.account, at.region), () => this.#change(at, decide))
  }

  async #change(at: AccountKey, decide: AccountDecision): Promise<void> {
    const { account, region } = at
    for (let proposals = 0; proposals < proposalsMax; proposals++) {
      const revision = this.#meta.state.accounts.get(accountId(account, region))?.revision ?? 0
      const settings = decide(this.settingsOf(at), this.#time.nowMs())
      if (settings === undefined) return
      const outcome = await this.#meta.propose({ kind: 'setAccount', account, region, revision, settings })
      if (outcome === 'applied') return
    }
    throw new MillraceError('ERR_MILLRACE_BACKLOG', 'others keep changing the account; try again later')
  }

  #listed(): AccountListing {
    const { streams } = this.#meta.state
    if (this.#listing?.streams !== streams) this.#listing = new AccountListing(streams)
    return this.#listing
  }
}
