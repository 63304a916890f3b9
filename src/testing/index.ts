/** What `import 'millrace/testing'` gives. */
export type {
  CallFault,
  DelayedAnswer,
  DroppedSubscription,
  ExpiredIterator,
  FailedCall,
  FailedEntry,
  Faults,
  ThrottledShard,
} from './faults.ts'
export type { FaultTiming, ScriptedFault } from './fault-script.ts'
export { drain, type DrainOptions } from './drain.ts'
export { type FixtureSource, loadFixture, type LoadFixtureOptions, recordFixture } from './fixture.ts'
export type { FixtureRecord } from './fixture-record.ts'
export { type DeliveredRecord, expectOrderPerKey, type KeyOrderOptions } from './key-order.ts'
export { type Duration, type DurationParts, ManualClock } from './manual-clock.ts'
export {
  type StoreSnapshot,
  type TestControls,
  testStore,
  type TestStore,
  type TestStoreOptions,
} from './test-store.ts'
export { waitForRecords, type WaitForRecordsOptions } from './wait-for-records.ts'
