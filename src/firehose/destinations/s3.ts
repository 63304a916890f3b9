import { Readable } from 'node:stream'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { Upload } from '@aws-sdk/lib-storage'
import type { Clock } from '../../clock.ts'
import { MiB } from '../../units.ts'
import { DeliveryError, type ObjectDestination, type ObjectParcel } from '../destination.ts'
import type { S3Options } from '../firehose-options.ts'
import { Slots } from '../slots.ts'
import { S3Call } from './s3-call.ts'

/** The least that S3 takes for a part but the last, bytes: a smaller body is one request. */
const partBytes = 5 * MiB
/** Parts of one object that are under way at once, while the next one is gathered. */
const partsAtOnce = 2
/** Objects that are under way at once. Each holds 20 MiB at most, and a small one what it has. */
const deliveriesMax = 6

const packages = '@aws-sdk/client-s3 @aws-sdk/lib-storage'

/** What is used of the SDK. */
export interface S3Sdk {
  readonly S3Client: new (config: S3ClientConfig) => S3Client
  readonly Upload: typeof Upload
}

/** What S3 needs. */
export interface S3Host {
  readonly options: S3Options
  readonly clock: Clock
  /** @defaultValue the packages `@aws-sdk/client-s3` and `@aws-sdk/lib-storage` */
  readonly loadSdk?: (() => Promise<S3Sdk>) | undefined
}

/**
 * Objects in Amazon S3, or in anything that speaks its protocol (`options.endpoint`). Larger bodies go in parts of 5 MiB; an
 * upload that fails or is aborted is removed. If even that fails within 10 s, a rule of the bucket has to do it
 * (`AbortIncompleteMultipartUpload`).
 *
 * The SDK is loaded at the first delivery. It repeats a request twice by itself; then it is up to whoever delivers.
 * An endpoint of its own is addressed by paths, has the region `us-east-1` unless it is given another, and gets checksums
 * only where an operation requires them: older servers refuse the others. The bytes are covered by the signature all the same.
 */
export class S3Buckets implements ObjectDestination {
  readonly takes = 'objects'
  readonly #options: S3Options
  readonly #clock: Clock
  readonly #loadSdk: () => Promise<S3Sdk>
  readonly #slots = new Slots(deliveriesMax)
  #opening: Promise<OpenS3> | undefined

  constructor({ options, clock, loadSdk = loadPackages }: S3Host) {
    this.#options = options
    this.#clock = clock
    this.#loadSdk = loadSdk
  }

  async deliver(parcel: ObjectParcel, signal: AbortSignal): Promise<void> {
    await this.#slots.run(signal, async () => this.#upload(await this.#open(), parcel, signal))
  }

  /** Frees the connections. Deliveries that are under way fail. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined)
    opened?.client.destroy()
  }

  async #upload({ client, sdk }: OpenS3, parcel: ObjectParcel, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { bucket, contentType, contentEncoding, storageClass } = parcel
    // What is no Unicode has no place in UTF-8.
    const key = Buffer.from(parcel.key).toString()
    const call = new S3Call(client, `${bucket}/${key}`, this.#clock, signal)
    const body = Readable.from(call.chunksOf(parcel.body()), { highWaterMark: 1 })
    try {
      const upload = new sdk.Upload({
        client: call.client,
        params: {
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: contentType,
          ...(contentEncoding !== undefined && { ContentEncoding: contentEncoding }),
          ...(storageClass !== undefined && { StorageClass: storageClass }),
        },
        queueSize: partsAtOnce,
        partSize: partBytes,
      })
      await upload.done()
    } catch (error) {
      throw call.failure(error)
    } finally {
      await closed(body)
      call.release()
    }
  }

  /** If the packages are missing, they may be there the next time. */
  #open(): Promise<OpenS3> {
    this.#opening ??= this.#openOnce().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #openOnce(): Promise<OpenS3> {
    const sdk = await this.#loadSdk()
    return { sdk, client: new sdk.S3Client(clientConfig(this.#options)) }
  }
}

interface OpenS3 {
  readonly sdk: S3Sdk
  readonly client: S3Client
}

function clientConfig({ endpoint, region, credentials, forcePathStyle }: S3Options): S3ClientConfig {
  const local: S3ClientConfig =
    endpoint === undefined
      ? {}
      : { endpoint, region: 'us-east-1', forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' }
  return {
    ...local,
    ...(region !== undefined && { region }),
    // A copy: clients write into what they get.
    ...(credentials !== undefined && { credentials: { ...credentials } }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
  }
}

async function loadPackages(): Promise<S3Sdk> {
  // It warns of its own plans for versions of Node; that is not what was asked.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  try {
    const [{ S3Client }, { Upload }] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('@aws-sdk/lib-storage'),
    ])
    return { S3Client, Upload }
  } catch (error) {
    throw new DeliveryError(
      'S3.ClientMissing',
      `buckets in S3 need the AWS SDK, which is not installed: npm install ${packages}`,
      { again: true, cause: error },
    )
  }
}

/** Resolves once the body's own resources are freed. */
async function closed(body: Readable): Promise<void> {
  body.on('error', () => {}) // the upload has told of it
  body.destroy()
  if (!body.closed) await new Promise((resolve) => body.once('close', resolve))
}
