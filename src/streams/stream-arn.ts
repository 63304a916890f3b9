import type { StreamKey } from '../meta/commands.ts'

/** The stream's name as AWS writes it everywhere. */
export function streamArn(key: StreamKey): string {
  return `arn:aws:kinesis:${key.region}:${key.account}:stream/${key.name}`
}
