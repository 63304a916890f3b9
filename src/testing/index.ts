/** What `import 'millrace/testing'` gives. */
export { type Duration, type DurationParts, ManualClock } from './manual-clock.ts'
export {
  type StoreSnapshot,
  type TestControls,
  testStore,
  type TestStore,
  type TestStoreOptions,
} from './test-store.ts'
