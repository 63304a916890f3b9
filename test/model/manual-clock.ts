/** The clock that the package itself offers to tests, under the name that the model's users know it by. */
export { ManualClock } from '../../src/testing/manual-clock.ts'
/** Resolves once everything that is under way has reached its next wait: promises, then one turn of the loop. */
export { nextTurn as settled } from '../../src/clock.ts'
