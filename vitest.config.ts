import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

/**
 * Folders whose files leave a process as they found it. One after the other they share a process, and with it what is
 * imported: half a second for each, which is more than most of them take.
 */
const shared = ['aws', 'docs', 'firehose', 'log', 'meta', 'server', 'streams', 'testing', 'tidy']

/**
 * But for these. Some are about a process: its environment, warnings, descriptors, threads or memory. The others take seconds or
 * hundreds of megabytes, beside which a start is nothing, and which a heap that grew with every file would make longer.
 */
const alone = [
  'aws/compatibility',
  'aws/firehose/putting',
  'firehose/buffers/record-buffer',
  'firehose/destinations/s3',
  'firehose/destinations/s3-moto',
  'firehose/format/body-encoder',
  'firehose/format/parquet/converter',
  'firehose/kills/*',
  'firehose/processing/query',
  'firehose/thread',
  'firehose/thread-start',
  'server/answer-budget',
  'server/clients/*',
  'server/console-page',
  'server/descriptors',
  'server/ending',
  'server/fuzz/*',
  'server/host-guard',
  'server/hostile-http2',
  'server/process-metrics',
  'server/request-body',
  'server/stall-watch',
  'server/subscriptions',
  'server/tls',
  'streams/get',
  'streams/limits',
  'streams/node-writable',
  'streams/read-end',
  'streams/shard-page',
  'streams/subscription',
  'streams/warning',
].map((file) => `test/${file}.test.ts`)

const inShared = shared.map((folder) => `test/${folder}/**/*.test.ts`)
// By folders: as an exclusion beats an inclusion, those that are alone could not be taken back.
const notShared = `test/!(${shared.join('|')})/**/*.test.ts`

export default defineConfig({
  test: {
    // A crash in native code fails the file that was running and not the whole run, also where files share a process.
    pool: 'forks',
    // Of its own accord it leaves a core alone: with two that is half the machine.
    maxWorkers: availableParallelism(),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'build/coverage' },
    projects: [
      {
        extends: true,
        // The longest files are among these: they begin, so that no core waits for them in the end.
        test: {
          name: 'alone',
          include: ['test/*.test.ts', notShared, ...alone],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: inShared,
          exclude: [...configDefaults.exclude, ...alone],
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
