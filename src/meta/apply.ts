import { MillraceError } from '../errors.ts'
import type { Offset } from '../log/log.ts'
import {
  withAccount,
  withConsumers,
  withConsumersChanged,
  withDocument,
  withSettings,
} from './apply-settings.ts'
import { type Command, isStreamCommand, type StreamCommand } from './commands.ts'
import type { Outcome } from './meta.ts'
import { PartedMap } from './parted-map.ts'
import { withReshardBegun, withReshardFinished, withShardsDropped } from './reshard.ts'
import { type MetaState, streamId, type StreamState } from './state.ts'

/** The metadata before the first command. */
export const emptyState: MetaState = {
  revision: 0,
  streams: PartedMap.empty(),
  accounts: new Map(),
  documents: PartedMap.empty(),
}

type Streams = PartedMap<StreamState>

/** What a command made of a state. */
export interface Applied {
  readonly state: MetaState
  readonly outcome: Outcome
}

/**
 * The state after a command that was stored at `offset`. Pure: the same commands at the same offsets make the
 * same state on every machine and in every run. A stale command changes nothing but the state's revision.
 *
 * Throws `ERR_MILLRACE_NEWER_FORMAT` for a command that this version does not know: to pass it over would be
 * to diverge from the version that wrote it.
 */
export function apply(state: MetaState, command: Command, offset: Offset): Applied {
  const changed = changedParts(state, command, offset)
  return {
    state: { ...state, revision: offset, ...changed },
    outcome: changed === undefined ? 'stale' : 'applied',
  }
}

/** What of the state the command changes; undefined when it is stale. */
function changedParts(state: MetaState, command: Command, offset: Offset): Partial<MetaState> | undefined {
  if (isStreamCommand(command)) {
    const streams = changedStreams(PartedMap.from(state.streams), command, offset)
    return streams && { streams }
  }
  switch (command.kind) {
    case 'setAccount': {
      const accounts = withAccount(state, command, offset)
      return accounts && { accounts }
    }
    case 'setDocument':
    case 'deleteDocument': {
      const documents = withDocument(PartedMap.from(state.documents), command, offset)
      return documents && { documents }
    }
    default:
      throw unknownCommand(command satisfies never, offset)
  }
}

/** The streams after the command; undefined when it is stale. */
function changedStreams(streams: Streams, command: StreamCommand, offset: Offset): Streams | undefined {
  switch (command.kind) {
    case 'createStream': {
      const { kind: _, ...created } = command
      const id = streamId(command.key)
      return streams.has(id)
        ? undefined
        : streams.with(id, { ...created, revision: offset, hiddenBeforeMs: 0 })
    }
    case 'deleteStream': {
      const stream = current(streams, command)
      return stream && streams.without(streamId(stream.key))
    }
    case 'setRetention': {
      const stream = current(streams, command)
      if (stream === undefined) return undefined
      const { retentionHours } = command
      // What was hidden once stays hidden, whatever the command says.
      const hiddenBeforeMs = Math.max(stream.hiddenBeforeMs, command.hiddenBeforeMs)
      return streams.with(streamId(stream.key), {
        ...stream,
        revision: offset,
        retentionHours,
        hiddenBeforeMs,
      })
    }
    case 'setSettings':
      return replaced(streams, command, (stream) => withSettings(stream, command, offset))
    case 'setConsumers':
      return replaced(streams, command, (stream) => withConsumers(stream, command, offset))
    case 'changeConsumers':
      return replaced(streams, command, (stream) => withConsumersChanged(stream, command, offset))
    case 'beginReshard':
      return replaced(streams, command, (stream) => withReshardBegun(stream, command, offset))
    case 'finishReshard':
      return replaced(streams, command, (stream) => withReshardFinished(stream, command, offset))
    case 'dropShards':
      return replaced(streams, command, (stream) => withShardsDropped(stream, command.shards, offset))
    default:
      throw unknownCommand(command satisfies never, offset)
  }
}

/** The streams with the command's one replaced; undefined when the command is stale. */
function replaced(
  streams: Streams,
  command: Extract<StreamCommand, { readonly revision: number }>,
  change: (stream: StreamState) => StreamState | undefined,
): Streams | undefined {
  const stream = current(streams, command)
  const changed = stream && change(stream)
  return changed && streams.with(streamId(command.key), changed)
}

/** The stream that a command builds on; undefined when it is gone or has changed since. */
function current(
  streams: Streams,
  command: Extract<StreamCommand, { readonly revision: number }>,
): StreamState | undefined {
  const stream = streams.get(streamId(command.key))
  return stream?.revision === command.revision ? stream : undefined
}

function unknownCommand(command: { readonly kind?: unknown }, offset: Offset): MillraceError {
  const kind = String(command.kind)
  return new MillraceError(
    'ERR_MILLRACE_NEWER_FORMAT',
    `the metadata holds a command "${kind}" of a later version, at offset ${offset}`,
    { details: { offset, kind } },
  )
}
