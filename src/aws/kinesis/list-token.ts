import { createHash } from 'node:crypto'
import type { StreamKey } from '../../meta/commands.ts'
import type { StreamState } from '../../meta/state.ts'
import { secondMs } from '../../units.ts'
import { Fault, invalidArgumentFault } from '../wire/fault.ts'
import { type OpenedToken, openToken, sealToken } from '../wire/sealed-token.ts'
import type { Call } from './call.ts'
import { secretOf } from './shard-token.ts'

/** A token of a listing can be used for so long (AWS API model). */
const tokenLifeMs: number = 300 * secondMs

/** What a listing of one stream goes on with: whose it is, and what the listing wrote itself. */
export interface StreamListing {
  readonly key: StreamKey
  readonly rest: readonly unknown[]
}

/** A token of a listing that belongs to one stream. */
export function writeStreamToken(
  purpose: string,
  state: StreamState,
  rest: readonly unknown[],
  nowMs: number,
): string {
  const { account, region, name } = state.key
  return sealToken(JSON.stringify([nowMs, account, region, name, ...rest]), secretOf(state), purpose)
}

/** @throws `InvalidArgumentException`, `ExpiredNextTokenException`, `ResourceNotFoundException` */
export function readStreamToken(purpose: string, token: string, call: Call): StreamListing {
  const [opened, [madeAtMs, account, region, name, ...rest]] = partsOf(token)
  if (typeof account !== 'string' || typeof region !== 'string' || typeof name !== 'string')
    throw invalidToken()
  const key = { account, region, name }
  const core = call.inside.core(key)
  if (!opened.isSealedWith(secretOf(core.state), purpose)) throw invalidToken()
  requireFresh(madeAtMs, call.nowMs)
  return { key, rest }
}

/** Which stream a token says that its listing is of; `undefined` for what is none. Believes what it reads. */
export function keyInStreamToken(token: string): StreamKey | undefined {
  try {
    const [, [, account, region, name]] = partsOf(token)
    if (typeof account !== 'string' || typeof region !== 'string' || typeof name !== 'string')
      return undefined
    return /^[\w.-]{1,128}$/.test(name) ? { account, region, name } : undefined
  } catch {
    return undefined
  }
}

/**
 * A token of a listing of an account's streams. It says no more than the listing did, so its seal, which anybody could
 * make, is against accidents only.
 */
export function writeAccountToken(purpose: string, call: Call, last: string): string {
  return sealToken(JSON.stringify([call.nowMs, last]), accountSeal(call), purpose)
}

/** The name to go on behind. @throws `InvalidArgumentException`, `ExpiredNextTokenException` */
export function readAccountToken(purpose: string, token: string, call: Call): string {
  const [opened, [madeAtMs, last]] = partsOf(token)
  if (typeof last !== 'string' || !opened.isSealedWith(accountSeal(call), purpose)) throw invalidToken()
  requireFresh(madeAtMs, call.nowMs)
  return last
}

function accountSeal({ account, region }: Call): Buffer {
  return createHash('sha256').update(`${account}/${region}`).digest()
}

function partsOf(token: string): [OpenedToken, readonly unknown[]] {
  const opened = openToken(token)
  if (opened === undefined) throw invalidToken()
  let parts: unknown
  try {
    parts = JSON.parse(opened.inside)
  } catch {
    throw invalidToken()
  }
  if (!Array.isArray(parts)) throw invalidToken()
  return [opened, parts]
}

function requireFresh(madeAtMs: unknown, nowMs: number): void {
  if (typeof madeAtMs !== 'number') throw invalidToken()
  // Also one of the future: the clock was set back since, and nobody knows how old it is.
  if (Math.abs(nowMs - madeAtMs) <= tokenLifeMs) return
  throw new Fault(
    'ExpiredNextTokenException',
    `NextToken expired: it was answered ${nowMs - madeAtMs} ms ago, and holds for ${tokenLifeMs} ms.`,
  )
}

function invalidToken(): Fault {
  return invalidArgumentFault('Invalid NextToken.')
}
