import type { Question } from './question.ts'
import { append } from './questions/append.ts'
import { memory } from './questions/memory.ts'
import { pacedAppend } from './questions/paced-append.ts'
import { pointRead } from './questions/point-read.ts'
import { putBatch100B, putBatch1KiB, putBatchCommit } from './questions/put-batch.ts'
import { putsInFlight } from './questions/puts-in-flight.ts'
import { readAll } from './questions/read-all.ts'
import { reopen } from './questions/reopen.ts'
import { seek } from './questions/seek.ts'
import { waitingConsumer } from './questions/waiting-consumer.ts'

/** In the order of the table. */
export const questions: readonly Question[] = [
  putBatch1KiB,
  putBatch100B,
  append,
  putBatchCommit,
  putsInFlight,
  readAll,
  pointRead,
  seek,
  reopen,
  waitingConsumer,
  pacedAppend,
  memory,
]
