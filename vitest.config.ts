import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // One process a file: a crash in native code then fails that file and not the whole run.
    pool: 'forks',
    // Of its own accord it leaves a core alone: with two that is half the machine.
    maxWorkers: availableParallelism(),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'build/coverage' },
  },
})
