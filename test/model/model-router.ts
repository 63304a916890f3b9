import { createHash } from 'node:crypto'
import { invalidArgument } from '../../src/errors.ts'
import type { AppendBatch, Router } from '../../src/log/log.ts'
import { unpack } from './record.ts'

/** The router's contract in BigInt arithmetic. */
export class ModelRouter implements Router {
  readonly #starts: readonly bigint[]

  constructor(starts: readonly bigint[]) {
    const ascending = starts.every((start, index) => index === 0 || start > (starts[index - 1] ?? start))
    if (starts[0] !== 0n || !ascending) throw invalidArgument('starts', starts, 'ascending, from 0 on')
    this.#starts = starts
  }

  route(batch: Pick<AppendBatch, 'bytes' | 'columns'>, count: number, shardOf: Uint32Array): void {
    for (let index = 0; index < count; index++) {
      const { key, hashKey } = unpack(batch, index)
      const hash = hashKey ?? createHash('md5').update(key).digest()
      const place = BigInt(`0x${hash.toString('hex')}`)
      shardOf[index] = this.#starts.findLastIndex((start) => start <= place)
    }
  }
}
