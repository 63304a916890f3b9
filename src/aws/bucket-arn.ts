import { bucketNamePattern, bucketNameRule } from '../firehose/bucket-name.ts'
import { invalidArgumentFault } from './wire/fault.ts'

/** The bucket that an ARN names. @throws `InvalidArgumentException` for what can be none: models let through more than S3 */
export function bucketOf(arn: string): string {
  const bucket = arn.slice(arn.lastIndexOf(':') + 1)
  if (bucketNamePattern.test(bucket)) return bucket
  throw invalidArgumentFault(`BucketARN ${arn} names no bucket: a name has ${bucketNameRule}.`)
}
