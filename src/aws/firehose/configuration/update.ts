import { invalidArgumentFault } from '../../wire/fault.ts'
import type { DestinationMembers, ExtendedS3Members, HttpMembers } from '../members.ts'
import { oneDestination } from './destination.ts'
import { isPartitioned } from './s3.ts'

/** Members of updates that are called otherwise in what they update. */
const renamed: Readonly<Record<string, string>> = {
  S3BackupUpdate: 'S3BackupConfiguration',
  S3Update: 'S3Configuration',
}

/** Structures whose members are merged one by one; any other member is replaced as a whole (as others saw it on AWS). */
const merged: ReadonlySet<string> = new Set([
  'S3BackupConfiguration',
  'S3Configuration',
  'DataFormatConversionConfiguration',
  'SchemaConfiguration',
  'DynamicPartitioningConfiguration',
  'EndpointConfiguration',
  'RequestConfiguration',
])

type Members = Readonly<Record<string, unknown>>

/**
 * The destination as it is after an update. Within one kind of destination the members that an update has replace those that
 * were there; one of another kind has to have all that its creation would have (AWS API model, `UpdateDestination`).
 *
 * @param stored with the access key, if there is one
 */
export function updatedDestination(stored: DestinationMembers, input: Members): DestinationMembers {
  const [name, update] = oneDestination(input, 'DestinationUpdate')
  const kind = name === 'HttpEndpoint' ? 'http' : 's3'
  if (kind === stored.kind) {
    const members = mergedMembers(stored.members as unknown as Members, update as Members)
    requireWhole(kind, members)
    const destination = { kind, members } as unknown as DestinationMembers
    requireKept(stored, destination)
    requireOwnKey(stored, update as Partial<HttpMembers>)
    return destination
  }
  const members = mergedMembers({}, update as Members)
  requireWhole(kind, members)
  if (kind === 's3') requireKept({ kind: 's3', members: {} as ExtendedS3Members }, { kind, members } as never)
  return { kind, members } as unknown as DestinationMembers
}

function mergedMembers(stored: Members, update: Members): Members {
  const result: Record<string, unknown> = { ...stored }
  for (const [given, value] of Object.entries(update)) {
    const name = renamed[given] ?? given
    const before = stored[name]
    result[name] = merged.has(name) ? mergedMembers((before ?? {}) as Members, value as Members) : value
  }
  return result
}

/** What creations require and updates do not, so that it is known only now whether it is there. */
function requireWhole(kind: 's3' | 'http', members: Members): void {
  const bucket = ['RoleARN', 'BucketARN']
  if (kind === 's3') {
    requireMembers('ExtendedS3DestinationUpdate', members, bucket)
    const backup = members['S3BackupConfiguration'] as Members | undefined
    if (backup !== undefined) requireMembers('S3BackupUpdate', backup, bucket)
    return
  }
  requireMembers('HttpEndpointDestinationUpdate', members, ['EndpointConfiguration', 'S3Configuration'])
  requireMembers('EndpointConfiguration', members['EndpointConfiguration'] as Members, ['Url'])
  requireMembers('S3Update', members['S3Configuration'] as Members, bucket)
}

function requireMembers(where: string, members: Members, names: readonly string[]): void {
  const absent = names.find((name) => members[name] === undefined)
  if (absent === undefined) return
  throw invalidArgumentFault(
    `${where} must have ${absent === 'S3Configuration' ? 'S3Update' : absent}: the destination has none yet.`,
  )
}

/** What stays as it was created (AWS API model; Firehose developer guide, "Dynamic partitioning"). */
function requireKept(before: DestinationMembers, after: DestinationMembers): void {
  if (before.kind !== 's3' || after.kind !== 's3') return
  const was = isPartitioned(before.members.DynamicPartitioningConfiguration)
  const is = isPartitioned(after.members.DynamicPartitioningConfiguration)
  if (was !== is) {
    throw invalidArgumentFault(
      was
        ? 'Dynamic Partitioning cannot be disabled once it is enabled.'
        : 'Dynamic Partitioning can only be enabled when a delivery stream is created.',
    )
  }
  if (before.members.S3BackupMode === 'Enabled' && after.members.S3BackupMode !== 'Enabled') {
    throw invalidArgumentFault('S3 backup cannot be disabled once it is enabled.')
  }
}

/** A key that is kept is told to nobody: also not to another host than the one that it is for. */
function requireOwnKey(
  stored: DestinationMembers,
  { EndpointConfiguration: to }: Partial<HttpMembers>,
): void {
  if (stored.kind !== 'http' || to === undefined || to.AccessKey !== undefined) return
  const { Url: url, AccessKey: kept = '' } = stored.members.EndpointConfiguration
  if (kept === '' || originOf(to.Url) === originOf(url)) return
  throw invalidArgumentFault(
    'EndpointConfiguration.AccessKey must be given, or be empty, where Url is of another host: the one that is kept is for ' +
      'the host that it was given for.',
  )
}

/** A text that is no URL is refused by whoever sends there. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url
}

/** The stored destination with the access key, which no document has. */
export function withAccessKey(
  destination: DestinationMembers,
  accessKey: string | undefined,
): DestinationMembers {
  if (destination.kind !== 'http' || accessKey === undefined) return destination
  const { EndpointConfiguration: endpoint } = destination.members
  const members: HttpMembers = {
    ...destination.members,
    EndpointConfiguration: { ...endpoint, AccessKey: accessKey },
  }
  return { kind: 'http', members }
}
