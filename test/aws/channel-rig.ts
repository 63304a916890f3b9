import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { afterEach } from 'vitest'
import { makeRequestHandler } from '../../src/aws/request-handler.ts'
import { type Firehose, firehoseOf } from '../../src/firehose/firehose.ts'
import { type OpenOptions, open } from '../../src/open.ts'
import type { Store } from '../../src/streams/store.ts'
import { ManualClock } from '../model/manual-clock.ts'

export const account = '000000000000'
export const region = 'us-east-1'

/** The ARN of a stream of the rig. */
export function streamArnOf(name: string): string {
  return `arn:aws:kinesis:${region}:${account}:stream/${name}`
}

const rigs: ChannelRig[] = []

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.end()
})

/** A store in a folder, whose buckets lie beside it, a clock to move, and a client of the AWS SDK. */
export class ChannelRig {
  readonly clock = new ManualClock()
  readonly #options: OpenOptions
  readonly #root = mkdtempSync(join(tmpdir(), 'millrace-channel-'))
  #open: { readonly store: Store; readonly client: KinesisClient } | undefined

  private constructor(options: OpenOptions) {
    this.#options = options
  }

  /** With on-demand streams of these names. */
  static async open(streams: readonly string[], options: OpenOptions = {}): Promise<ChannelRig> {
    const rig = new ChannelRig(options)
    rigs.push(rig)
    await rig.#reopen()
    for (const StreamName of streams) {
      await rig.client.send(
        new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
      )
    }
    return rig
  }

  get store(): Store {
    return this.#opened.store
  }

  get client(): KinesisClient {
    return this.#opened.client
  }

  get firehose(): Firehose {
    return firehoseOf(this.store)
  }

  /** Where a bucket's objects are. */
  folderOf(bucket: string): string {
    return join(this.#root, 'store', 'buckets', bucket)
  }

  async restart(): Promise<void> {
    await this.#close()
    await this.#reopen()
  }

  async end(): Promise<void> {
    await this.#close()
    rmSync(this.#root, { recursive: true, force: true })
  }

  get #opened(): { readonly store: Store; readonly client: KinesisClient } {
    if (this.#open === undefined) throw new Error('the rig is closed')
    return this.#open
  }

  async #reopen(): Promise<void> {
    const store = await open(join(this.#root, 'store'), { clock: this.clock, ...this.#options })
    const credentials = { accessKeyId: account, secretAccessKey: 'x' }
    const requestHandler = makeRequestHandler(store)
    this.#open = { store, client: new KinesisClient({ region, credentials, maxAttempts: 1, requestHandler }) }
  }

  async #close(): Promise<void> {
    const opened = this.#open
    this.#open = undefined
    opened?.client.destroy()
    await opened?.store.close()
  }
}
