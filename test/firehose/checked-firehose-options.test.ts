import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { checkedFirehoseOptions } from '../../src/firehose/checked-firehose-options.ts'

const endpoint = 'http://127.0.0.1:9000'

describe('options of deliveries', () => {
  it('takes credentials that a client of the SDK was given before', () => {
    const credentials = { accessKeyId: 'somebody', secretAccessKey: 'secret' }
    // The client writes into them.
    new S3Client({ endpoint, region: 'us-east-1', credentials }).destroy()
    const chosen = checkedFirehoseOptions({ buckets: { endpoint, credentials } }, undefined)
    expect(chosen.buckets).toEqual({ endpoint, credentials })
  })

  it('refuses what no credentials have', () => {
    const credentials = { accessKeyId: 'somebody', secretAccessKey: 'secret', password: 'x' }
    expect(() => checkedFirehoseOptions({ buckets: { endpoint, credentials } }, undefined)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_UNKNOWN_OPTION' }) as Error,
    )
  })
})
