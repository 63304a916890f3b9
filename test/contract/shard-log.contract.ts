/** The promises of `ShardLog`, as one suite that every implementation runs. */
import { describe } from 'vitest'
import { appendClaims } from './claims/append.ts'
import { lifetimeClaims } from './claims/lifetime.ts'
import { readClaims } from './claims/read.ts'
import { readRecordClaims } from './claims/read-record.ts'
import { sealClaims } from './claims/seal.ts'
import { seekClaims } from './claims/seek.ts'
import { sequenceClaims } from './claims/sequence.ts'
import { trimClaims } from './claims/trim.ts'
import { waitClaims } from './claims/wait.ts'
import { type ContractOptions, freshSubject, type MakeEngine } from './subject.ts'

/** Runs the suite on the logs of an engine. */
export function shardLogContract(name: string, makeEngine: MakeEngine, options: ContractOptions = {}): void {
  describe(`${name}: a shard log`, () => {
    const subject = freshSubject(makeEngine, options)
    appendClaims(subject)
    readClaims(subject)
    readRecordClaims(subject)
    seekClaims(subject)
    trimClaims(subject)
    sealClaims(subject)
    waitClaims(subject)
    lifetimeClaims(subject)
    sequenceClaims(subject)
  })
}
