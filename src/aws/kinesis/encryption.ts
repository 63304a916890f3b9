import type { StreamState } from '../../meta/state.ts'

/** `KMS` for a stream that says it is encrypted; put answers and records of others do not mention it. */
export function encryptionOf(_state: StreamState): string | undefined {
  return undefined
}
