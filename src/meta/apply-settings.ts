/** Commands that set something, applied. Pure, as apply.ts says. */
import type { Offset } from '../log/log.ts'
import type { Command } from './commands.ts'
import { accountId, type MetaState, type StreamState } from './state.ts'

type Of<Kind extends Command['kind']> = Extract<Command, { readonly kind: Kind }>

/** The stream with its settings replaced. */
export function withSettings(stream: StreamState, command: Of<'setSettings'>, offset: Offset): StreamState {
  const { settings, maxRecordBytes = stream.maxRecordBytes } = command
  return { ...stream, revision: offset, settings, maxRecordBytes }
}

/** The stream with its consumers replaced, and what has to be remembered of those that are gone. */
export function withConsumers(stream: StreamState, command: Of<'setConsumers'>, offset: Offset): StreamState {
  const { consumers, endedAtSeconds } = command
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
