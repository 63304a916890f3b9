import { once } from 'node:events'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Column, noHashKey } from '../../src/log/log.ts'
import { addon, addonFile } from './addon-file.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const id = 'cd'.repeat(16)
const recordBytes = 100_000
let folder: string

/** A store whose check takes some tens of megabytes. */
beforeAll(async () => {
  folder = scratch.fresh()
  const engine = await addon.openFolder(folder, false)
  const log = engine.openLog(id, 0)
  const columns = new Uint32Array(Column.stride)
  columns.set([0, 1, 1, recordBytes, noHashKey, 0])
  const bytes = Buffer.alloc(recordBytes + 1, 'x')
  const out = new Float64Array(1)
  for (let count = 0; count < 500; count++)
    log.append(bytes, columns, Uint32Array.of(0), 0, 1, 1_000, out, out)
  await log.close()
  await engine.close()
})

describe('verifyFolder', () => {
  it('checks every byte beside the event loop, and says how far it is', async () => {
    const told: (readonly [number, number])[] = []
    const report = await addon.verifyFolder(folder, (done, total) => told.push([done, total])).report
    expect(report.findings).toEqual([])
    expect(report.logs[0]?.segments.reduce((sum, { frames }) => sum + (frames?.records ?? 0), 0)).toBe(500)
    expect(report.bytesChecked).toBeGreaterThan(500 * recordBytes)
    expect(told.length).toBeGreaterThan(0)
    for (const [index, [done, total]] of told.entries()) {
      expect(done).toBeGreaterThanOrEqual(told[index - 1]?.[0] ?? 0)
      expect(total).toBeGreaterThanOrEqual(done)
    }
  })

  it('ends soon once it is stopped', async () => {
    const verification = addon.verifyFolder(folder, undefined)
    verification.stop()
    verification.stop()
    expect((await verification.report).bytesChecked).toBeLessThan(500 * recordBytes)
    verification.stop()
  })

  it('rejects for what is no store', async () => {
    await expect(addon.verifyFolder(scratch.path, undefined).report).rejects.toMatchObject({
      code: 'ERR_MILLRACE_NOT_A_STORE',
    })
  })

  it('survives files that change under it', async () => {
    const copy = scratch.fresh()
    const engine = await addon.openFolder(copy, false)
    const log = engine.openLog(id, 0)
    const out = new Float64Array(1)
    const columns = Uint32Array.of(0, 1, 0, 1, noHashKey, 0)
    log.append(Buffer.from('k'), columns, Uint32Array.of(0), 0, 1, 1_000, out, out)
    await log.close()
    await engine.close()
    const file = join(copy, 'shards', id, '00000000000000000001.seg')
    const checks = Array.from({ length: 20 }, () => addon.verifyFolder(copy, undefined).report)
    for (let length = 1_000_000; length > 0; length -= 50_000) await truncate(file, length)
    const reports = await Promise.all(checks)
    expect(reports).toHaveLength(20)
    expect((await addon.verifyFolder(copy, undefined).report).findings).not.toEqual([])
  })

  it('does not keep a worker from being terminated', async () => {
    const program = `
      const { workerData, parentPort } = require('node:worker_threads')
      const addon = require(workerData.addonFile)
      addon.verifyFolder(workerData.folder, () => {}).report.then(() => {})
      addon.verifyFolder(workerData.folder, undefined).report.then(() => {})
      parentPort.postMessage('running')`
    for (let round = 0; round < 10; round++) {
      const worker = new Worker(program, { eval: true, workerData: { addonFile, folder } })
      const ended = once(worker, 'exit')
      await once(worker, 'message')
      await worker.terminate()
      expect(await ended).toEqual([1])
    }
  })
})

describe('readMetadata', () => {
  it('answers nothing for a store without metadata', async () => {
    const page = await addon.readMetadata(folder, 0, 1_000)
    expect(page).toMatchObject({ atEnd: true, next: 1 })
    expect(page.offsets).toHaveLength(0)
  })
})
