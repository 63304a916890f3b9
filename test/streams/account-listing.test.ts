import { describe, expect, it } from 'vitest'
import { streamId, type StreamState } from '../../src/meta/state.ts'
import { AccountListing } from '../../src/streams/account-listing.ts'

const at = (account: string, region = 'eu-west-1') => ({ account, region })

function listingOf(...names: readonly string[]): AccountListing {
  const states = names.map((each) => {
    const [account = '', name = ''] = each.split('/')
    return { key: { ...at(account), name } } as StreamState
  })
  return new AccountListing(new Map(states.map((state) => [streamId(state.key), state])))
}

describe('the streams of a moment', () => {
  it('are listed by account and region, and by name', () => {
    const listing = listingOf('1/c', '2/x', '1/a', '1/b')
    const names = (account: string, region?: string): string[] =>
      listing.byName(at(account, region)).map(({ key }) => key.name)
    expect(names('1')).toEqual(['a', 'b', 'c'])
    expect(names('2')).toEqual(['x'])
    expect(names('1', 'us-east-1')).toEqual([])
    expect(listing.of(at('1'))).toHaveLength(3)
    expect(listing.of(at('3'))).toEqual([])
  })

  it('keep nothing of accounts and regions that somebody made up', () => {
    const listing = listingOf('1/a', '2/b')
    for (let made = 0; made < 1_000; made++) {
      for (const key of [at(`9${made}`), at('1', `region-${made}`)]) {
        listing.of(key)
        listing.byName(key)
      }
    }
    listing.byName(at('1'))
    expect(listing.accounts).toBe(2)
  })
})
