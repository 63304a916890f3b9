// A worker of a writer that is to be killed: puts into the streams that there were when it began, until it is ended.
import { parentPort, workerData } from 'node:worker_threads'
import { open } from '../../../dist/index.js'
import { MovingClock } from '../../trials/moving-clock.mjs'
import { Noise, Random } from '../../trials/random.mjs'
import { Strand } from './strand.mjs'

const { life, number, folder, streams, clockMs, seed, options } = workerData
const random = new Random(seed)
const place = { life, thread: 1 + (number >> 3), strand: number & 7, bytes: 200_000 }
const strand = new Strand(place, random, new Noise(random, 2 ** 18))
const store = await open(folder, { ...options, clock: new MovingClock(clockMs), onWarning: () => {} })
const synchronous = options.durability === 'process' || options.durability === 'none'
// Once and for all: a stream of the same name may be another one later.
const targets = streams.map((known) => ({
  number: known.number,
  stream: store.stream(known.name),
  synchronous,
  isLimited: options.limits === 'enforce',
}))
parentPort.postMessage('going') // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
while (targets.length > 0) {
  await strand.put(random.pick(targets))
  await new Promise((resolve) => setImmediate(resolve))
}
