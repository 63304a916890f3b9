import type { Caller } from './wire/authorization.ts'

/** Where a call is made. */
export interface Place {
  /** Twelve digits. */
  readonly account: string
  readonly region: string
}

/**
 * The credential's account, else an access key id of twelve digits; a region that no store could have means the store's.
 *
 * @param own of the store
 */
export function placeOf({ accessKeyId, region, credential }: Caller, own: Place): Place {
  return {
    account: credential?.account ?? (/^\d{12}$/.test(accessKeyId) ? accessKeyId : own.account),
    region: /^[a-z0-9-]{1,64}$/.test(region) ? region : own.region,
  }
}
