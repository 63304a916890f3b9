/** What operations ask of a policy, in the same shape for each service. */
import type { Credential } from './credential.ts'
import type { Access } from './policy.ts'
import { Fault } from './wire/fault.ts'

/** What an operation asks of a policy. */
export interface OperationAccess {
  /** `any`: whoever may do anything at all with the stream. */
  readonly access: Access | 'any'
  /**
   * `stream`: the streams, or delivery streams, that the input names. `account`: every one, as the operation tells of, or
   * changes, what they share. `listing`: none; the answer has what the caller may see.
   */
  readonly of: 'stream' | 'account' | 'listing'
}

/** What each operation of a service asks of a policy. One that is not there is allowed to nobody. */
export type AccessTable = Readonly<Record<string, OperationAccess>>

export const seen: OperationAccess = { access: 'any', of: 'stream' }
export const read: OperationAccess = { access: 'read', of: 'stream' }
export const write: OperationAccess = { access: 'write', of: 'stream' }
export const admin: OperationAccess = { access: 'admin', of: 'stream' }
export const accountSeen: OperationAccess = { access: 'any', of: 'account' }
export const accountAdmin: OperationAccess = { access: 'admin', of: 'account' }
export const listing: OperationAccess = { access: 'any', of: 'listing' }

/** A verified caller. */
export interface KnownCaller {
  readonly credential: Credential
  readonly account: string
  readonly region: string
}

/**
 * In AWS's words (AWS IAM User Guide, "Troubleshoot access denied error messages").
 *
 * @param action as policies of AWS name it, such as `kinesis:PutRecord`
 */
export function accessDenied(
  action: string,
  resource: string,
  { credential, account }: Pick<KnownCaller, 'credential' | 'account'>,
): Fault {
  return new Fault(
    'AccessDeniedException',
    `User: arn:aws:iam::${account}:user/${credential.accessKeyId} is not authorized to perform: ${action} on ` +
      `resource: ${resource} because no identity-based policy allows the ${action} action`,
  )
}
