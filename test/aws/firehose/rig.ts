import { FirehoseClient, type FirehoseClientConfig } from '@aws-sdk/client-firehose'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import {
  type AwsRequestHandler,
  makeRequestHandler,
  type RequestHandlerOptions,
} from '../../../src/aws/request-handler.ts'
import { firehoseOf, type Firehose } from '../../../src/firehose/firehose.ts'
import { type OpenOptions, open } from '../../../src/open.ts'
import type { Store } from '../../../src/streams/store.ts'
import { ManualClock } from '../../model/manual-clock.ts'
import { type RawAnswer, sendRaw, usualHeaders } from '../raw.ts'

export const account = '000000000000'
export const RoleARN = `arn:aws:iam::${account}:role/firehose`
export const BucketARN = 'arn:aws:s3:::records'

/** The least that a bucket is told. */
export const bucket = { RoleARN, BucketARN }

/** A store in memory, a clock to move, and a client of the AWS SDK that talks to it. */
export interface FirehoseRig {
  readonly store: Store
  readonly clock: ManualClock
  readonly client: FirehoseClient
  readonly handler: AwsRequestHandler
  readonly firehose: Firehose
  /** Another client of the same store. */
  connect(config?: FirehoseClientConfig): FirehoseClient
}

export interface FirehoseRigOptions extends RequestHandlerOptions {
  readonly open?: OpenOptions
}

const rigs: FirehoseRig[] = []

/** What closing stores deliver. */
const buckets = mkdtempSync(join(tmpdir(), 'millrace-buckets-'))

afterAll(() => rmSync(buckets, { recursive: true, force: true }))

afterEach(async () => {
  for (const { store, client } of rigs.splice(0)) {
    client.destroy()
    await store.close()
  }
})

/** Opens a rig; the test that asked for it closes it by ending. */
export async function openRig(options: FirehoseRigOptions = {}): Promise<FirehoseRig> {
  const { open: openOptions, ...handlerOptions } = options
  const clock = new ManualClock()
  const store = await open('memory:', { clock, onWarning: () => {}, ...openOptions })
  const requestHandler = makeRequestHandler(store, {
    ...handlerOptions,
    // Nothing that is put here is processed: nobody is called.
    firehose: { buckets, lambda: { endpoint: 'http://127.0.0.1:1' }, ...handlerOptions.firehose },
  })
  const connect = (config: FirehoseClientConfig = {}): FirehoseClient =>
    new FirehoseClient({
      region: 'us-east-1',
      credentials: { accessKeyId: account, secretAccessKey: 'secret' },
      maxAttempts: 1,
      requestHandler,
      ...config,
    })
  const rig: FirehoseRig = {
    store,
    clock,
    client: connect(),
    handler: requestHandler,
    firehose: firehoseOf(store),
    connect,
  }
  rigs.push(rig)
  return rig
}

/** Calls an operation with a JSON document. */
export function callRaw(handler: AwsRequestHandler, operation: string, input: unknown): Promise<RawAnswer> {
  return sendRaw(handler, {
    headers: { ...usualHeaders, 'x-amz-target': `Firehose_20150804.${operation}` },
    body: JSON.stringify(input),
  })
}
