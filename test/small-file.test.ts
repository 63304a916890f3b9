import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSmallFile, smallFileBytesMax } from '../src/small-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-small-file-'))
const at = (name: string): string => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const refusal = expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' })

describe('a short file', () => {
  it('is read, also through a link', () => {
    writeFileSync(at('text'), 'größe')
    symlinkSync(at('text'), at('link'))
    expect([readSmallFile(at('text')), readSmallFile(at('link'))]).toEqual(['größe', 'größe'])
  })

  // Windows has no such files.
  it.runIf(process.platform !== 'win32')('is no pipe, no device and no folder', () => {
    execFileSync('mkfifo', [at('pipe')])
    for (const other of [at('pipe'), '/dev/zero', folder]) expect(() => readSmallFile(other)).toThrow(refusal)
  })

  it('is not long', () => {
    writeFileSync(at('long'), '')
    truncateSync(at('long'), smallFileBytesMax)
    expect(readSmallFile(at('long'))).toHaveLength(smallFileBytesMax)
    truncateSync(at('long'), smallFileBytesMax + 1)
    expect(() => readSmallFile(at('long'))).toThrow(refusal)
  })

  it("that is not there is the system's error", () => {
    expect(() => readSmallFile(at('none'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })
})
