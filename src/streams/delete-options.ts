import { invalidArgument } from '../errors.ts'
import { requireOptions } from '../options.ts'

/** Options of `deleteStream`. */
export interface DeleteStreamOptions {
  /** Deletes the stream's registered consumers, too; without it, a stream that has some stays. @defaultValue false */
  readonly enforceConsumerDeletion?: boolean | undefined
}

/** Whether consumers go, too. @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION` */
export function enforcesConsumerDeletion(options: DeleteStreamOptions): boolean {
  requireOptions('deleteStream options', options, ['enforceConsumerDeletion'])
  const { enforceConsumerDeletion = false } = options
  if (typeof enforceConsumerDeletion === 'boolean') return enforceConsumerDeletion
  throw invalidArgument('enforceConsumerDeletion', enforceConsumerDeletion, 'true or false')
}
