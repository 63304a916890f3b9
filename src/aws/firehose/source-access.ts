import type { SourceConfiguration } from '../../firehose/configuration.ts'
import type { Call } from './call.ts'

/**
 * Whoever says where the records of a stream are delivered to has to be allowed to read it: a delivery shows them.
 *
 * @throws `AccessDeniedException`
 */
export function requireReadable(source: SourceConfiguration, { requireRead }: Call): void {
  if (source.kind === 'stream') requireRead?.(source.streamArn)
}
