import { Command } from 'commander'
import { inspectStore } from '../../inspect.ts'
import type { StoreReport } from '../../store-report.ts'
import { ExitCode } from '../failure.ts'
import { bytes, counted, duration } from '../figures.ts'
import { type Host, noteInterruption } from '../host.ts'
import { showScanProgress } from '../progress.ts'
import { type StoreOptions, withStoreOptions } from '../store-options.ts'
import { describeFinding } from '../store-words.ts'

/** `millrace verify`: reads every byte of a store and says what is wrong. */
export function verifyCommand(host: Host): Command {
  return withStoreOptions(new Command('verify'))
    .summary('check every byte of a store')
    .description(
      'Reads every file of a store and checks every checksum, length, order and index. Changes nothing and takes no ' +
        'lock: of a store that is being written it checks what was readable when it began.\n\n' +
        'Exit codes: 0 no damage, 1 damage found or the store cannot be read, 2 wrong command line.',
    )
    .addHelpText('after', '\nExample:\n  $ millrace verify --dir ./data && echo sound')
    .action(async ({ dir, json }: StoreOptions) => {
      const startedAt = performance.now()
      const report = await check(host, dir)
      if (report === undefined) return
      const tookMs = Math.round(performance.now() - startedAt)

      const damaged = report.findings.filter(({ severity }) => severity === 'damage').length
      const segments = report.logs.flatMap((log) => log.segments)
      const records = segments.reduce((sum, { frames }) => sum + (frames?.records ?? 0), 0)
      if (damaged > 0) host.exitCode = ExitCode.failed
      if (json) {
        const { path, formatVersion, inUse, bytesChecked, findings } = report
        const counts = { logs: report.logs.length, segments: segments.length, records, bytesChecked }
        await host.output.json({
          path,
          formatVersion,
          inUse,
          sound: damaged === 0,
          ...counts,
          tookMs,
          findings,
        })
        return
      }
      await host.output.lines([
        ...report.findings.map(describeFinding),
        `${dir}: ${counted(records, 'record')} in ${counted(segments.length, 'segment')} of ` +
          `${counted(report.logs.length, 'log')}, ${bytes(report.bytesChecked)} checked in ${duration(tookMs)}`,
        damaged === 0 ? 'no damage' : `${counted(damaged, 'place')} damaged`,
      ])
    })
}

/** Checks every byte and shows how far it is; nothing when the command was told to stop. */
async function check(host: Host, dir: string): Promise<StoreReport | undefined> {
  const progress = showScanProgress(host.stderr)
  try {
    const onProgress = (done: number, total: number): void => progress.update(done, total)
    return await inspectStore(dir, { everyByte: true, signal: host.signal, onProgress })
  } catch (error) {
    if (!host.signal.aborted) throw error
    noteInterruption(host)
    return undefined
  } finally {
    progress.stop()
  }
}
