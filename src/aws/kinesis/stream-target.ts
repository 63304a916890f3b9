import { MillraceError } from '../../errors.ts'
import type { StreamKey } from '../../meta/commands.ts'
import { streamStatus } from '../../streams/status.ts'
import { streamArn } from '../../streams/stream-arn.ts'
import type { Stream } from '../../streams/stream.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { type Fault, invalidArgumentFault, notFoundFault, validationFault } from '../wire/fault.ts'
import type { Call } from './call.ts'

/** How an input names a stream. */
export interface StreamTarget {
  readonly StreamName?: string
  readonly StreamARN?: string
  /** In the model, and explained nowhere: refused by name. */
  readonly StreamId?: string
}

const arnPattern = /^arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/

/** The key of the stream that an input names, by name or by ARN. */
export function streamKeyOf(target: StreamTarget, call: Call): StreamKey {
  const { StreamName: name, StreamARN: arn, StreamId: id } = target
  if (id !== undefined) throw streamIdFault()
  if (arn !== undefined) {
    const key = keyInArn(arn)
    if (key === undefined) throw notFoundFault(`Stream ${arn} under account ${call.account} not found.`)
    if (name !== undefined && name !== key.name) {
      throw invalidArgumentFault(`StreamName ${name} and StreamARN ${arn} name different streams.`)
    }
    return key
  }
  if (name === undefined) throw validationFault('Either StreamName or StreamARN must be provided.')
  return { account: call.account, region: call.region, name }
}

/** The stream that an ARN names; `undefined` if it is not that of a stream. */
export function keyInArn(arn: string): StreamKey | undefined {
  const [, region, account, name] = arnPattern.exec(arn) ?? []
  return region === undefined || account === undefined || name === undefined
    ? undefined
    : { account, region, name }
}

/** The stream that an input names. @throws `ResourceNotFoundException` */
export function coreOfTarget(target: StreamTarget, call: Call): StreamCore {
  const key = streamKeyOf(target, call)
  try {
    const core = call.inside.core(key)
    call.watcher?.about(key.name)
    return core
  } catch (error) {
    throw target.StreamARN === undefined ? error : namedByArn(error, target.StreamARN, key.account)
  }
}

/**
 * The stream that an input reads or writes. One that is being created is not there yet.
 *
 * @throws `ResourceNotFoundException`
 */
export function coreToRead(target: StreamTarget, call: Call): StreamCore {
  const core = coreOfTarget(target, call)
  if (streamStatus(core.state, call.nowMs) !== 'CREATING') return core
  const { name, account } = core.state.key
  throw notFoundFault(`Stream ${target.StreamARN ?? name} under account ${account} not found.`)
}

/** The same, and the library's object to put with. */
export function streamToWrite(
  target: StreamTarget,
  call: Call,
): { readonly core: StreamCore; readonly stream: Stream } {
  const core = coreToRead(target, call)
  return { core, stream: streamOf(core, call) }
}

/** A stream of another creation than the caller means is not there. @throws `ResourceNotFoundException` */
export function requireCreation(createdAtMs: number | undefined, core: StreamCore): void {
  const { createdAtMs: actual, key } = core.state
  // Some clients send whole seconds.
  if (createdAtMs === undefined || createdAtMs === actual || createdAtMs === actual - (actual % 1000)) return
  throw notFoundFault(`Stream ${key.name} under account ${key.account} not found.`)
}

/** `coreOfTarget`, and the library's object for it. */
export function streamOfTarget(
  target: StreamTarget,
  call: Call,
): { readonly core: StreamCore; readonly stream: Stream } {
  const core = coreOfTarget(target, call)
  return { core, stream: streamOf(core, call) }
}

/** What names a stream beside a token must name the token's. @throws `InvalidArgumentException` */
export function requireSameStream({ StreamARN: arn, StreamId: id }: StreamTarget, core: StreamCore): void {
  if (id !== undefined) throw streamIdFault()
  if (arn === undefined || arn === streamArn(core.state.key)) return
  throw invalidArgumentFault(`StreamARN ${arn} is not that of the stream ${core.state.key.name}.`)
}

/** AWS names a stream as the request did. */
function namedByArn(error: unknown, arn: string, account: string): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'ERR_MILLRACE_STREAM_NOT_FOUND') return error
  return notFoundFault(`Stream ${arn} under account ${account} not found.`)
}

function streamIdFault(): Fault {
  return invalidArgumentFault('StreamId is not supported: name the stream by StreamName or StreamARN.')
}

/** The library's object of each stream, which is the same for all calls. */
const streams = new WeakMap<StreamCore, Stream>()

function streamOf(core: StreamCore, call: Call): Stream {
  const known = streams.get(core)
  if (known !== undefined) return known
  const { account, region, name } = core.state.key
  const stream = call.within(account, region).stream(name)
  streams.set(core, stream)
  return stream
}
