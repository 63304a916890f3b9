import { CreateBucketCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { S3Buckets } from '../../../src/firehose/destinations/s3.ts'
import { objectContract, type ObjectRig } from './contract.ts'
import { Moto, motoMissing } from './moto.ts'
import { objectAt, s3Credentials, s3Reader } from './s3-reading.ts'

const mebibyte = 1024 * 1024
const missing = motoMissing()

describe.skipIf(missing !== undefined)(`moto${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let moto: Moto
  let reader: S3Client

  beforeAll(async () => {
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
    moto = await Moto.start()
    reader = s3Reader(moto.endpoint)
  })

  afterAll(async () => {
    reader.destroy()
    await moto.stop()
  })

  async function openRig(): Promise<ObjectRig> {
    await fetch(`${moto.endpoint}/moto-api/reset`, { method: 'POST' })
    await reader.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const destination = new S3Buckets({
      options: { endpoint: moto.endpoint, credentials: s3Credentials },
      clock: systemClock,
    })
    return {
      destination,
      read: async (bucket, key) => (await objectAt(reader, bucket, Buffer.from(key).toString()))?.bytes,
      leftovers: async () => {
        const { Uploads = [] } = await reader.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }))
        return Uploads.map(({ Key }) => Key ?? '')
      },
      close: () => destination.close(),
    }
  }

  objectContract('S3 (moto)', openRig, {
    hostileKeys: [
      'a/../b',
      './a',
      '..',
      'a//b',
      '/a',
      'a/',
      'x'.repeat(1024),
      '%2e%2e/%2F',
      'a\\b',
      '\ud800',
      '?q=1#f',
      'a b+c',
      'emoji 🌊',
    ],
    largeBytes: 6 * mebibyte,
  })
})
