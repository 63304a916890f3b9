import type { SourceConfiguration } from '../../firehose/configuration.ts'
import { Fault } from '../wire/fault.ts'
import type { Call } from './call.ts'

/**
 * Whoever asks for the delivery of a stream has to be allowed to read it: a delivery shows its records.
 *
 * @throws `AccessDeniedException`
 */
export function requireReadable(source: SourceConfiguration, { reads }: Call): void {
  if (source.kind !== 'stream' || reads === undefined || reads(source.streamArn)) return
  throw new Fault(
    'AccessDeniedException',
    `The caller is not authorized to perform: kinesis:GetRecords on resource: ${source.streamArn} because no ` +
      'identity-based policy allows the kinesis:GetRecords action',
  )
}
