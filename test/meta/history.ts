import * as fc from 'fast-check'
import type { Clock } from '../../src/clock.ts'
import { type ErrorCode, MillraceError } from '../../src/errors.ts'
import { type Command, isStreamCommand, type StreamKey } from '../../src/meta/commands.ts'
import { MetaLog, type MetaLogOptions } from '../../src/meta/meta-log.ts'
import type { AccountSettings, ConsumerState, StreamSettings } from '../../src/meta/settings.ts'
import { accountId, type MetaState, streamId } from '../../src/meta/state.ts'
import type { Faults } from '../model/faults.ts'
import { FaultyEngine } from '../model/faulty-engine.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { ModelEngine } from '../model/model-engine.ts'
import { ModelDisk, type StoredLog } from '../model/stored-log.ts'

const clock: Clock = new ManualClock()

/** A metadata log on a model engine. */
export interface OpenMeta {
  readonly meta: MetaLog
  readonly disk: ModelDisk
  readonly faults: Faults
}

/** Opens the metadata log of a disk, by default a new one. */
export async function openMeta(
  disk: ModelDisk = new ModelDisk(),
  options: MetaLogOptions = {},
): Promise<OpenMeta> {
  const engine = new FaultyEngine(new ModelEngine({ clock, disk }))
  const meta = await MetaLog.open(await engine.openMeta(), { clock, ...options })
  return { meta, disk, faults: engine.metaFaults }
}

/** A disk that holds this metadata log. */
export function diskWith(log: StoredLog): ModelDisk {
  return Object.assign(new ModelDisk(), { meta: log.clone() })
}

/** The state that a log leads to. */
export async function stateOf(log: StoredLog): Promise<MetaState> {
  return (await openMeta(diskWith(log))).meta.state
}

/** The state as plain data, for comparison. */
export function plain(state: MetaState): Record<string, unknown> {
  const { revision, streams, accounts, documents } = state
  return {
    revision,
    streams: Object.fromEntries([...streams].toSorted()),
    accounts: Object.fromEntries([...accounts].toSorted()),
    documents: Object.fromEntries([...documents].toSorted()),
  }
}

export function keyOf(name: string): StreamKey {
  return { account: '000000000000', region: 'us-east-1', name }
}

export function createStream(name: string, shardCount = 1): Command {
  const width = 2n ** 128n / BigInt(shardCount)
  return {
    kind: 'createStream',
    key: keyOf(name),
    createdAtMs: 1_767_225_600_123,
    retentionHours: 24,
    maxRecordBytes: 1_048_576,
    shards: Array.from({ length: shardCount }, (_, index) => ({
      index,
      startingHashKey: String(BigInt(index) * width),
      endingHashKey: String(index === shardCount - 1 ? 2n ** 128n - 1n : BigInt(index + 1) * width - 1n),
      createdAtSeconds: 1_767_225_600,
      slot: { kind: 'native', id: `0189-${name}-${index}`, part: index },
    })),
  }
}

/** Builds on the stream's revision in `state`, or on none that ever was. */
export function deleteStream(state: MetaState, name: string): Command {
  return { kind: 'deleteStream', key: keyOf(name), revision: revisionOf(state, name) }
}

export function setRetention(state: MetaState, name: string, hours: number, hiddenBeforeMs = 0): Command {
  const revision = revisionOf(state, name)
  return { kind: 'setRetention', key: keyOf(name), revision, retentionHours: hours, hiddenBeforeMs }
}

/** Replaces all settings, and the limit of a record where it is given. */
export function setSettings(
  state: MetaState,
  name: string,
  settings: StreamSettings,
  maxRecordBytes?: number,
): Command {
  const limit = maxRecordBytes === undefined ? {} : { maxRecordBytes }
  return { kind: 'setSettings', key: keyOf(name), revision: revisionOf(state, name), settings, ...limit }
}

export function setConsumers(
  state: MetaState,
  name: string,
  consumers: readonly ConsumerState[],
  endedAtSeconds?: number,
): Command {
  const ended = endedAtSeconds === undefined ? {} : { endedAtSeconds }
  return { kind: 'setConsumers', key: keyOf(name), revision: revisionOf(state, name), consumers, ...ended }
}

export function changeConsumers(
  state: MetaState,
  name: string,
  removes: readonly string[],
  sets: readonly ConsumerState[],
  endedAtSeconds?: number,
): Command {
  const ended = endedAtSeconds === undefined ? {} : { endedAtSeconds }
  return {
    kind: 'changeConsumers',
    key: keyOf(name),
    revision: revisionOf(state, name),
    removes,
    sets,
    ...ended,
  }
}

export function setAccount(state: MetaState, region: string, settings: AccountSettings): Command {
  const account = '000000000000'
  const revision = state.accounts.get(accountId(account, region))?.revision ?? 0
  return { kind: 'setAccount', account, region, revision, settings }
}

/** Replaces a document, or takes it away where there is no value. */
export function setDocument(state: MetaState, id: string, value?: unknown): Command {
  const revision = state.documents.get(id)?.revision ?? 0
  return value === undefined
    ? { kind: 'deleteDocument', id, revision }
    : { kind: 'setDocument', id, revision, value }
}

/** What a command is about: a stream's name, an account's region, or a document's name. */
export function nameIn(command: Command): string {
  if (isStreamCommand(command)) return command.key.name
  return command.kind === 'setAccount' ? command.region : command.id
}

/** Of two shards that take over from shard 0, or of the first step towards `targetShards` open ones. */
export function beginReshard(state: MetaState, name: string, targetShards?: number): Command {
  const stream = state.streams.get(streamId(keyOf(name)))
  const index = (stream?.shards.at(-1)?.index ?? 0) + 1
  const closed = stream?.shards.find(({ closedAtMs }) => closedAtMs === undefined)
  const ranges = [
    [closed?.startingHashKey ?? '0', '9'],
    ['10', closed?.endingHashKey ?? '20'],
  ] as const
  return {
    kind: 'beginReshard',
    key: keyOf(name),
    revision: revisionOf(state, name),
    atMs: 1_767_225_700_000,
    closes: [closed?.index ?? 0],
    opens: ranges.map(([startingHashKey, endingHashKey], place) => ({
      index: index + place,
      startingHashKey,
      endingHashKey,
      createdAtSeconds: 1_767_225_701,
      slot: { kind: 'native', id: `child-${name}-${index + place}` },
      parents: [closed?.index ?? 0],
    })),
    ...(targetShards !== undefined && { targetShards, startsScaling: true }),
  }
}

export function finishReshard(state: MetaState, name: string, closedAtMs: number): Command {
  return { kind: 'finishReshard', key: keyOf(name), revision: revisionOf(state, name), closedAtMs }
}

export function dropShards(state: MetaState, name: string, shards: readonly number[]): Command {
  return { kind: 'dropShards', key: keyOf(name), revision: revisionOf(state, name), shards }
}

function revisionOf(state: MetaState, name: string): number {
  return state.streams.get(streamId(keyOf(name)))?.revision ?? 0
}

/** Makes a command of what the state then is: few names, so that commands often meet. */
export type Intent = (state: MetaState) => Command

const name = fc.constantFrom('a', 'b', 'c', '..', 'x'.repeat(128))

const anyTags = fc.array(fc.record({ key: fc.constantFrom('a', '__proto__', 'ü'), value: fc.string() }), {
  maxLength: 3,
})
const anyTimes = fc.array(fc.nat(), { maxLength: 3 })

const anySettings: fc.Arbitrary<StreamSettings> = fc.record(
  {
    mode: fc.constant('ON_DEMAND' as const),
    distribution: fc.constant('AUTO' as const),
    warmThroughputMiBps: fc.nat(),
    tags: anyTags,
    policy: fc.json(),
    kmsKeyId: fc.string(),
    monitoring: fc.subarray(['IncomingBytes', 'OutgoingBytes']),
    creatingUntilMs: fc.nat(),
    updatingUntilMs: fc.nat(),
    deletingUntilMs: fc.nat(),
    modeSwitchesAtMs: anyTimes,
    encryptionStartsAtMs: anyTimes,
    encryptionStopsAtMs: anyTimes,
    consumersEndedAtSeconds: fc.nat(),
  },
  { requiredKeys: [] },
)

const anyConsumers: fc.Arbitrary<readonly ConsumerState[]> = fc.array(
  fc
    .tuple(
      fc.record({ name: fc.constantFrom('p', 'q'), createdAtSeconds: fc.nat() }),
      fc.record(
        { creatingUntilMs: fc.nat(), deletingUntilMs: fc.nat(), tags: anyTags, policy: fc.json() },
        { requiredKeys: [] },
      ),
    )
    .map(([consumer, rest]) => ({ ...consumer, ...rest })),
  { maxLength: 2 },
)

const anyAccount: fc.Arbitrary<AccountSettings> = fc.record(
  {
    commitment: fc.record({ startedAtMs: fc.nat(), earliestEndAtMs: fc.nat() }),
    shardLimit: fc.nat(),
    onDemandStreamLimit: fc.nat(),
  },
  { requiredKeys: [] },
)

/** Decoders rename the one key. */
const anyDocument = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'))

/** Any intent; some of them build on a revision that is not the stream's. */
export const anyIntent: fc.Arbitrary<Intent> = fc.oneof(
  fc.tuple(name, fc.integer({ min: 1, max: 5 })).map(
    ([stream, shards]): Intent =>
      () =>
        createStream(stream, shards),
  ),
  name.map(
    (stream): Intent =>
      (state) =>
        deleteStream(state, stream),
  ),
  fc.tuple(name, fc.nat({ max: 9_000 }), fc.nat()).map(
    ([stream, hours, hidden]): Intent =>
      (state) =>
        setRetention(state, stream, hours, hidden),
  ),
  fc.tuple(name, anySettings, fc.option(fc.nat(), { nil: undefined })).map(
    ([stream, settings, limit]): Intent =>
      (state) =>
        setSettings(state, stream, settings, limit),
  ),
  fc.tuple(name, anyConsumers, fc.option(fc.nat(), { nil: undefined })).map(
    ([stream, consumers, ended]): Intent =>
      (state) =>
        setConsumers(state, stream, consumers, ended),
  ),
  fc.tuple(name, anyConsumers, anyConsumers, fc.option(fc.nat(), { nil: undefined })).map(
    ([stream, gone, sets, ended]): Intent =>
      (state) =>
        changeConsumers(
          state,
          stream,
          gone.map((consumer) => consumer.name),
          sets,
          ended,
        ),
  ),
  fc.tuple(fc.constantFrom('us-east-1', 'eu-west-1'), anyAccount).map(
    ([region, settings]): Intent =>
      (state) =>
        setAccount(state, region, settings),
  ),
  fc.tuple(fc.constantFrom('layer/a', 'layer/b'), fc.option(anyDocument, { nil: undefined })).map(
    ([id, value]): Intent =>
      (state) =>
        setDocument(state, id, value),
  ),
  fc
    .tuple(fc.constantFrom('layer/a', 'layer/b'), fc.nat({ max: 60 }))
    .map(([id, revision]): Intent => () => ({
      kind: 'setDocument',
      id,
      revision,
      value: 'stale',
    })),
  fc.tuple(name, fc.nat({ max: 60 })).map(([stream, revision]): Intent => () => ({
    kind: 'deleteStream',
    key: keyOf(stream),
    revision,
  })),
)

/** The error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<MillraceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof MillraceError) return error
  throw new Error('there was no millrace error', { cause: error })
}

export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  return (await rejection(promise)).code
}
