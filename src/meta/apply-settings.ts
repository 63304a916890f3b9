/** Commands that set something, applied. Pure, as apply.ts says. */
import type { Offset } from '../log/log.ts'
import type { Command } from './commands.ts'
import type { PartedMap } from './parted-map.ts'
import type { ConsumerState } from './settings.ts'
import { accountId, type DocumentState, type MetaState, type StreamState } from './state.ts'

type Of<Kind extends Command['kind']> = Extract<Command, { readonly kind: Kind }>

/** The stream with its settings replaced. */
export function withSettings(stream: StreamState, command: Of<'setSettings'>, offset: Offset): StreamState {
  const { settings, maxRecordBytes = stream.maxRecordBytes } = command
  return { ...stream, revision: offset, settings, maxRecordBytes }
}

/** The stream with its consumers replaced, and what has to be remembered of those that are gone. */
export function withConsumers(stream: StreamState, command: Of<'setConsumers'>, offset: Offset): StreamState {
  return withConsumerList(stream, command.consumers, command.endedAtSeconds, offset)
}

/** The stream with some consumers removed, replaced or added. */
export function withConsumersChanged(
  stream: StreamState,
  { removes, sets, endedAtSeconds }: Of<'changeConsumers'>,
  offset: Offset,
): StreamState {
  const byName = new Map((stream.consumers ?? []).map((consumer) => [consumer.name, consumer]))
  for (const name of removes) byName.delete(name)
  for (const consumer of sets) byName.set(consumer.name, consumer)
  return withConsumerList(stream, [...byName.values()], endedAtSeconds, offset)
}

function withConsumerList(
  stream: StreamState,
  consumers: readonly ConsumerState[],
  endedAtSeconds: number | undefined,
  offset: Offset,
): StreamState {
  const settings =
    endedAtSeconds === undefined
      ? stream.settings
      : { ...stream.settings, consumersEndedAtSeconds: endedAtSeconds }
  return { ...stream, revision: offset, consumers, ...(settings === undefined ? {} : { settings }) }
}

/** The state with an account's settings replaced; undefined when the command is stale. */
export function withAccount(
  state: MetaState,
  { account, region, revision, settings }: Of<'setAccount'>,
  offset: Offset,
): MetaState['accounts'] | undefined {
  const id = accountId(account, region)
  if ((state.accounts.get(id)?.revision ?? 0) !== revision) return undefined
  return new Map(state.accounts).set(id, { account, region, revision: offset, settings })
}

/** The documents with one made, replaced or taken away; undefined when the command is stale. */
export function withDocument(
  documents: PartedMap<DocumentState>,
  command: Of<'setDocument' | 'deleteDocument'>,
  offset: Offset,
): PartedMap<DocumentState> | undefined {
  const { id, revision } = command
  if ((documents.get(id)?.revision ?? 0) !== revision) return undefined
  if (command.kind === 'setDocument')
    return documents.with(id, { id, revision: offset, value: command.value })
  // What is not there cannot go.
  return revision === 0 ? undefined : documents.without(id)
}
