import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { afterEach } from 'vitest'
import { type OpenOptions, open } from '../../src/open.ts'
import type { Store } from '../../src/streams/store.ts'
import {
  type AwsRequestHandler,
  makeRequestHandler,
  type RequestHandlerOptions,
} from '../../src/aws/request-handler.ts'
import { ManualClock } from '../model/manual-clock.ts'

/** A store in memory, a clock to move, and a client of the AWS SDK that talks to it. */
export interface Rig {
  readonly store: Store
  readonly clock: ManualClock
  readonly client: KinesisClient
  readonly handler: AwsRequestHandler
  /** Another client of the same store. */
  connect(config?: KinesisClientConfig): KinesisClient
}

export interface RigOptions extends RequestHandlerOptions {
  readonly open?: OpenOptions
  readonly client?: KinesisClientConfig
}

const rigs: Rig[] = []

afterEach(async () => {
  for (const { store, client } of rigs.splice(0)) {
    client.destroy()
    await store.close()
  }
})

/** Opens a rig; the test that asked for it closes it by ending. */
export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const { open: openOptions, client: clientConfig, ...handlerOptions } = options
  const clock = new ManualClock()
  const store = await open('memory:', { clock, ...openOptions })
  const requestHandler = makeRequestHandler(store, handlerOptions)
  const connect = (config: KinesisClientConfig = {}): KinesisClient =>
    new KinesisClient({
      region: 'us-east-1',
      credentials: { accessKeyId: '000000000000', secretAccessKey: 'secret' },
      maxAttempts: 1,
      requestHandler,
      ...config,
    })
  const rig: Rig = { store, clock, client: connect(clientConfig), handler: requestHandler, connect }
  rigs.push(rig)
  return rig
}

/** Text as a record's data. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Data as text. */
export function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes)
}
