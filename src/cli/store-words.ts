import type {
  ControlReport,
  DeliveryReport,
  Finding,
  LogReport,
  SegmentReport,
  StoreReport,
} from '../store-report.ts'
import { bytes, count, counted, time } from './figures.ts'
import { isUsual, scopeName } from './scopes.ts'
import { table } from './table.ts'

/** A store's files in words, log by log. */
export function describeStore(report: StoreReport): string[] {
  const { path, formatVersion, inUse, logs, findings } = report
  const use = inUse ? 'open for writing right now' : 'not open for writing'
  const lines = [`store ${path}: format ${formatVersion}, ${use}, ${counted(logs.length, 'log')} with files`]
  const deliveries = deliveryTable(report.deliveryStreams ?? [])
  if (deliveries.length > 0) lines.push('', ...deliveries)
  for (const log of logs) lines.push('', ...describeLog(log))
  if (findings.length > 0) lines.push('', ...findings.map(describeFinding))
  return lines
}

/** Delivery streams, a line each below a header; nothing if there are none. */
export function deliveryTable(deliveryStreams: readonly DeliveryReport[]): string[] {
  if (deliveryStreams.length === 0) return []
  const rows = deliveryStreams.map((each) => [
    `${isUsual(each) ? '' : `${scopeName(each)} `}${each.name}${each.kind === 'channel' ? ' (channel)' : ''}`,
    each.source,
    each.destination,
  ])
  return table(['delivery stream', 'source', 'destination'], ['left', 'left', 'left'], rows)
}

/** One finding on one line: what it is, where, and what is wrong. */
export function describeFinding({ severity, file, offset, what }: Finding): string {
  return `${severity}: ${file}${offset > 0 ? ` at byte ${count(offset)}` : ''}: ${what}`
}

function describeLog(log: StoreReport['logs'][number]): string[] {
  const name =
    log.owner === null
      ? log.folder === 'meta'
        ? 'metadata'
        : 'no stream'
      : `${isUsual(log.owner) ? '' : `${scopeName(log.owner)} `}${log.owner.stream} ${log.owner.shardId}${putInto(log.owner)}`
  const control = log.control === null ? ['control page  missing or damaged'] : describeControl(log.control)
  return [`${name}  (${log.folder})`, ...control.map(indent), ...describeSegments(log).map(indent)]
}

/** What a stream that no user has made is for. */
function putInto({ stream }: { readonly stream: string }): string {
  const [, name] = /^firehose:(.+)$/.exec(stream) ?? []
  return name === undefined ? '' : `, internal: what was put into the delivery stream ${name}`
}

/** What the words of a control page say. */
function describeControl(control: ControlReport): string[] {
  const waiting = control.committed - control.durable
  const onDisk =
    waiting > 0 ? `${bytes(waiting)} of it not yet on the disk for sure` : 'all of it on the disk'
  const numbers = `records before number ${count(control.trimSequence)} are trimmed`
  const lines = [
    `control page  ${describeState(control)}; writer ${count(control.writerEpoch)} of this log`,
    `              ${bytes(control.committed)} of frames readable, ${onDisk}`,
    `              ${control.trimSequence > 1 ? numbers : 'nothing is trimmed'}; ` +
      `numbers below ${count(control.reservedSequence)} may be taken`,
  ]
  if (control.sealed) lines.push('              the shard has ended: nothing may follow')
  return lines
}

function describeState({ state, poison, writerPid, thisBoot }: ControlReport): string {
  const boot = thisBoot ? '' : ' before the last boot'
  if (state === 'closed') return `closed cleanly${boot}`
  if (state === 'unknown') return `in a state that no writer stores${boot}`
  if (poison !== null) return `poisoned${boot}: ${poison.stage} failed with errno ${poison.errno}`
  return `open in process ${writerPid}, or left open when it died${boot}`
}

function describeSegments({ segments }: LogReport): string[] {
  if (segments.length === 0) return ['segments      none']
  const header = [
    'segment',
    'file bytes',
    'on device',
    'first number',
    'records',
    'index',
    'first arrival',
    'state',
  ]
  const rows = segments.map((segment) => [
    segment.file.slice(segment.file.lastIndexOf('/') + 1),
    count(segment.fileBytes),
    bytes(segment.allocatedBytes),
    count(segment.baseSequence),
    describeRecords(segment),
    `${count(segment.indexSlotsUsed)} of ${count(segment.indexSlots)}`,
    segment.seal === null ? '' : time(segment.seal.firstArrivalMs),
    describeSeal(segment),
  ])
  return table(header, ['left', 'right', 'right', 'right', 'right', 'right', 'left', 'left'], rows)
}

/** Records are known of a sealed segment, and of one that was walked. */
function describeRecords({ seal, frames }: SegmentReport): string {
  const records = frames?.records ?? seal?.records
  return records === undefined ? '?' : count(records)
}

function describeSeal({ seal, epochs }: SegmentReport): string {
  const writers = epochs.length > 1 ? `, ${counted(epochs.length, 'writer')}` : ''
  if (seal === null) return `open${writers}`
  return `sealed (${seal.reason}), last number ${count(seal.lastSequence)} at ${time(seal.lastArrivalMs)}${writers}`
}

function indent(line: string): string {
  return `  ${line}`
}
