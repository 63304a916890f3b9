import type { PutRecordsResultEntry } from '@aws-sdk/client-kinesis'
import { MillraceError } from '../../errors.ts'

/** What endpoints refuse for now, of calls and of records: the same may be taken a moment later. */
const passing: ReadonlySet<string | undefined> = new Set([
  'ProvisionedThroughputExceededException',
  'LimitExceededException',
  'KMSThrottlingException',
  'ThrottlingException',
  'InternalFailure',
  'InternalFailureException',
])

/** Whether it is worth trying again, by the name of an exception or the code of a record. */
export function isPassing(name: string | undefined): boolean {
  return passing.has(name)
}

/** The name of what a call of the SDK failed with. */
export function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined
}

/** Why an endpoint did not take a record. */
export function entryError({ ErrorCode = '', ErrorMessage = '' }: PutRecordsResultEntry): MillraceError {
  const again = isPassing(ErrorCode) ? ', again and again' : ''
  return new MillraceError(
    'ERR_MILLRACE_IO',
    `the endpoint refused a record${again}: ${ErrorCode}: ${ErrorMessage}`,
    {
      details: { code: ErrorCode },
    },
  )
}
