import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RepairReport } from '../../src/repair-report.ts'
import { fed, holderOf, millrace, storedLines, storeWithStream } from './millrace.ts'

const lines = Array.from({ length: 50 }, (_, index) => `line ${index} ${'x'.repeat(90)}`)

/** A store with fifty records, one of them damaged; and the damaged file. */
async function damagedStore(): Promise<{ readonly dir: string; readonly file: string }> {
  const dir = await storeWithStream()
  await fed(`${lines.join('\n')}\n`, 'put', 'clicks', '--dir', dir)
  const [shard = ''] = await readdir(join(dir, 'shards'))
  const file = join(dir, 'shards', shard, '00000000000000000001.seg')
  const bytes = await readFile(file)
  const at = bytes.indexOf('line 20 ')
  bytes.write('LINE', at)
  await writeFile(file, bytes)
  return { dir, file }
}

describe('millrace repair', () => {
  it('says that there is nothing to repair, and changes nothing', async () => {
    const dir = await storeWithStream()
    await fed('a\n', 'put', 'clicks', '--dir', dir)
    const before = await readdir(dir, { recursive: true })
    const { code, stdout } = await millrace('repair', '--dir', dir)
    expect(code).toBe(0)
    expect(stdout).toMatch(/: 2 logs, .* read in .*\nnothing to repair\n$/)
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(before.toSorted())
  })

  it('keeps all but the damaged record, and says which one that was', async () => {
    const { dir, file } = await damagedStore()
    expect((await millrace('verify', '--dir', dir)).code).toBe(1)
    const damaged = await readFile(file)

    const plan = await millrace('repair', '--dir', dir, '--dry-run')
    expect(plan.code).toBe(1)
    expect(plan.stdout).toMatch(/ would lose number 21, .*\n/)
    expect(plan.stdout).toMatch(/\nnothing was changed\n$/)
    expect(damaged.equals(await readFile(file))).toBe(true)

    const { code, stdout } = await millrace('repair', '--dir', dir)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      / lost number 21, not before .* of shards\/[0-9a-f]{32}\/0{19}1\.seg at byte .*\)\n/,
    )
    expect(stdout).toMatch(/\nrepaired\n$/)
    const kept = / as it was: (\S+)\n/.exec(stdout)?.[1] ?? ''
    expect(damaged.equals(await readFile(join(dir, kept)))).toBe(true)

    expect((await millrace('verify', '--dir', dir)).code).toBe(0)
    expect(await storedLines(dir)).toEqual(lines.filter((line) => !line.startsWith('line 20 ')))
  })

  it('prints the report with --json', async () => {
    const { dir } = await damagedStore()
    const { code, stdout, stderr } = await millrace('repair', '--dir', dir, '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const report = JSON.parse(stdout) as RepairReport
    expect(report).toMatchObject({ dryRun: false, outcome: 'repaired' })
    expect(report.logs.map(({ outcome }) => outcome)).toEqual(['sound', 'repaired'])
    expect(report.logs[1]?.lost).toMatchObject([{ firstSequence: 21, lastSequence: 21 }])
    expect(JSON.parse((await millrace('repair', '--dir', dir, '--json')).stdout)).toMatchObject({
      outcome: 'sound',
    })
  })

  it('ends with 1 where metadata is lost, and leaves it as it is', async () => {
    const { dir } = await damagedStore()
    const file = join(dir, 'meta', '00000000000000000001.seg')
    const bytes = await readFile(file)
    bytes.write('?', bytes.indexOf('createStream'))
    await writeFile(file, bytes)
    const { code, stdout } = await millrace('repair', '--dir', dir)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^meta: 1 damaged place, not repaired: /m)
    expect(stdout).toMatch(/^ {2}a repair would lose what came from number 1 on/m)
    expect(stdout).toMatch(/\nstill damaged\n$/)
    expect(bytes.equals(await readFile(file))).toBe(true)
  })

  it('refuses a store that somebody has open, and a folder that is none', async () => {
    const dir = await storeWithStream()
    const holder = await holderOf(dir)
    const busy = await millrace('repair', '--dir', dir)
    expect({ code: busy.code, stdout: busy.stdout }).toEqual({ code: 1, stdout: '' })
    expect(busy.stderr).toContain('ERR_MILLRACE_STORE_BUSY: ')
    await holder.end()
    const none = await millrace('repair', '--dir', join(dir, 'shards'))
    expect({ code: none.code, stdout: none.stdout }).toEqual({ code: 1, stdout: '' })
    expect(none.stderr).toContain('ERR_MILLRACE_NOT_A_STORE: ')
  })
})
