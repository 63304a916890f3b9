import { GetObjectCommand, type GetObjectCommandOutput, NoSuchKey, S3Client } from '@aws-sdk/client-s3'

/** A client of a test's own, to look at what was delivered. */
export function s3Reader(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: s3Credentials,
    forcePathStyle: true,
  })
}

/** s3rver knows these; moto takes any. */
export const s3Credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/** An object with what was said of it. */
export async function objectAt(
  client: S3Client,
  bucket: string,
  key: string,
): Promise<{ readonly head: GetObjectCommandOutput; readonly bytes: Buffer } | undefined> {
  try {
    const head = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return { head, bytes: Buffer.from((await head.Body?.transformToByteArray()) ?? []) }
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}
