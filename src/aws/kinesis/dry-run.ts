import { Fault } from '../wire/fault.ts'

/** Ends a call that asked only whether it would go through, once everything else was judged. */
export function refuseDryRun(dryRun: boolean | undefined): void {
  if (dryRun !== true) return
  throw new Fault(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun parameter was set.',
  )
}
