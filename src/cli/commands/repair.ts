import { Command } from 'commander'
import { repair, type LogRepair, type LostNumbers, type RepairReport } from '../../index.ts'
import { ExitCode } from '../failure.ts'
import { bytes, count, counted, duration, time } from '../figures.ts'
import { type Host, noteInterruption } from '../host.ts'
import { showScanProgress } from '../progress.ts'
import { type StoreOptions, withStoreOptions } from '../store-options.ts'

interface RepairCommandOptions extends StoreOptions {
  readonly dryRun?: boolean
}

/** `millrace repair`: makes a damaged store one that opens, and says what was lost. */
export function repairCommand(host: Host): Command {
  return withStoreOptions(new Command('repair'))
    .option('--dry-run', 'only say what would be done')
    .summary('make a damaged store one that opens')
    .description(
      'Repairs what `verify` finds damaged in a store that nobody has open, and says what was lost. Every record that ' +
        'is whole is kept, also behind damage; the numbers of others become gaps. Files that are replaced stay in the ' +
        "shard's folder `quarantine` for ever. What is sound is not touched.\n\n" +
        'Exit codes: 0 sound, or repaired; 1 still damaged, or damage found with --dry-run, or the store cannot be ' +
        'read; 2 wrong command line.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ millrace repair --dir ./data --dry-run\n  $ millrace repair --dir ./data',
    )
    .action(async ({ dir, json, dryRun = false }: RepairCommandOptions) => {
      const startedAt = performance.now()
      const report = await run(host, dir, dryRun)
      if (report === undefined) return
      const tookMs = Math.round(performance.now() - startedAt)
      const damaged = report.outcome === 'refused' || (dryRun && report.outcome === 'repaired')
      if (damaged) host.exitCode = ExitCode.failed
      if (json)
        await host.output.json({
          ...report,
          logs: report.logs.map(plain),
          store: plain(report.store),
          tookMs,
        })
      else await host.output.lines(describeRepair(report, dir, tookMs))
    })
}

/** Repairs and shows how far it is; nothing when the command was told to stop. */
async function run(host: Host, dir: string, dryRun: boolean): Promise<RepairReport | undefined> {
  const progress = showScanProgress(host.stderr)
  try {
    const onProgress = (done: number, total: number): void => progress.update(done, total)
    return await repair(dir, { dryRun, signal: host.signal, onProgress })
  } catch (error) {
    if (!host.signal.aborted) throw error
    noteInterruption(host)
    return undefined
  } finally {
    progress.stop()
  }
}

/** An error is more than JSON keeps. */
function plain({ refusal, ...part }: LogRepair): object {
  return { ...part, refusal: refusal && { code: refusal.code, message: refusal.message } }
}

function describeRepair(report: RepairReport, dir: string, tookMs: number): string[] {
  const { store, logs, dryRun, outcome, bytesChecked } = report
  const parts = [store, ...logs].filter((part) => part.outcome !== 'sound')
  const checked = `${counted(logs.length, 'log')}, ${bytes(bytesChecked)} read in ${duration(tookMs)}`
  return [
    ...parts.flatMap((part) => describePart(part, dryRun)),
    `${dir}: ${checked}`,
    verdict(outcome, dryRun),
  ]
}

function verdict(outcome: RepairReport['outcome'], dryRun: boolean): string {
  if (outcome === 'sound') return 'nothing to repair'
  if (outcome === 'refused') return dryRun ? 'not all of it can be repaired' : 'still damaged'
  return dryRun ? 'nothing was changed' : 'repaired'
}

function describePart(part: LogRepair, dryRun: boolean): string[] {
  const name = part.folder === '' ? 'store' : part.folder
  const places = counted(part.damagedPlaces, 'damaged place')
  if (part.refusal !== null) {
    const would = part.lost.map((lost) => `  a repair would lose ${describeLost(lost)}`)
    return [`${name}: ${places}, not repaired: ${part.refusal.message}`, ...would, ...advice(part)]
  }
  const lines = [`${name}: ${places}, ${dryRun ? 'can be repaired' : 'repaired'}`]
  if (part.lost.length === 0) lines.push('  no record is lost')
  for (const lost of part.lost) lines.push(`  ${dryRun ? 'would lose' : 'lost'} ${describeLost(lost)}`)
  if (part.resumesAt !== null) lines.push(`  the next record's number is not below ${count(part.resumesAt)}`)
  for (const { file, keptAs } of part.setAside) {
    lines.push(keptAs === null ? `  would replace ${file}` : `  ${file} as it was: ${keptAs}`)
  }
  return lines
}

function describeLost({
  firstSequence,
  lastSequence,
  records,
  earliestMs,
  latestMs,
  ...where
}: LostNumbers): string {
  const numbers =
    lastSequence === null
      ? `what came from number ${count(firstSequence)} on`
      : lastSequence === firstSequence
        ? `number ${count(firstSequence)}`
        : `numbers ${count(firstSequence)} to ${count(lastSequence)}`
  const known = records === null ? '' : `, ${counted(records, 'record')}`
  const from = earliestMs === null ? '' : `, not before ${time(earliestMs)}`
  const to = latestMs === null ? '' : `, not after ${time(latestMs)}`
  const at = where.offset > 0 ? ` at byte ${count(where.offset)}` : ''
  return `${numbers}${known}${from}${to} (${bytes(where.bytes)} of ${where.file}${at})`
}

function advice({ folder }: LogRepair): string[] {
  if (folder !== 'meta') return []
  return ['  which streams there are is in the metadata alone: put the folder meta back from a copy']
}
