import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  mkdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { FolderBuckets } from '../../../src/firehose/destinations/folder.ts'
import { systemFiles } from '../../../src/firehose/destinations/object-files.ts'
import { objectPath } from '../../../src/firehose/destinations/object-path.ts'
import { disksFor, makeOrSkip } from '../../disks/disk.ts'
import { objectContract } from './contract.ts'
import { callsTo, faultyFiles } from './faulty-files.ts'
import { lentChunks, objectOf, rejection, unaborted } from './parcels.ts'

const mebibyte = 1024 * 1024
const hostileKeys = [
  '/absolute',
  '../../up',
  'a/../../../b',
  '.',
  '..',
  'a/./b',
  'a//b',
  '//',
  'a/',
  '/',
  '',
  'a\\..\\b',
  'nul\0byte',
  'line\nfeed',
  '\u007f',
  'C:\\x',
  'x'.repeat(1024),
  'x'.repeat(1025),
  `${'ä'.repeat(400)}/b.gz`,
  '\ud800',
  '%2e%2e/%2F',
  'a/'.repeat(512),
  '.unfinished/x',
  ' ',
  '~',
  '-rf',
  '\u202e',
  'emoji 🌊',
]

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-folder-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

/** All files below a folder, by their paths in it. */
function filesBelow(path: string): string[] {
  if (!existsSync(path)) return []
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted()
}

function at(bucket: string, key: string): string {
  return join(root, 'buckets', bucket, ...objectPath(Buffer.from(key).toString(), false))
}

function folder(): FolderBuckets {
  return new FolderBuckets({ folder: join(root, 'buckets'), clock: systemClock })
}

objectContract(
  'a folder',
  async () => ({
    destination: folder(),
    read: async (bucket, key) => {
      try {
        return readFileSync(at(bucket, key))
      } catch {
        return undefined
      }
    },
    leftovers: async () => {
      const inside = filesBelow(join(root, 'buckets')).filter((path) => !path.startsWith('bucket/'))
      return [...inside, ...filesBelow(root).filter((path) => !path.startsWith('buckets/'))]
    },
    close: async () => {},
  }),
  { hostileKeys, largeBytes: 3 * mebibyte },
)

describe('names of files', () => {
  it('are the key itself where it is harmless', () => {
    expect(objectPath('2026/11/28/22/s-1-2026 ö=ü:+~.gz', false)).toEqual([
      '2026',
      '11',
      '28',
      '22',
      's-1-2026 ö=ü:+~.gz',
    ])
  })

  it('are other names for other keys, and none leads out or is too long', () => {
    const parts = [
      '',
      '.',
      '..',
      '%',
      '%-',
      '%2E',
      '%2E%2E',
      '%252E',
      '\\',
      '%5C',
      '\n',
      '%0A',
      'a',
      'x'.repeat(300),
      'x'.repeat(301),
    ]
    const keys = parts.flatMap((one) => parts.map((other) => `${one}/${other}`))
    for (const windows of [false, true]) {
      const paths = keys.map((key) => objectPath(key, windows))
      expect(new Set(paths.map((names) => names.join('/'))).size).toBe(keys.length)
      for (const name of paths.flat()) {
        expect(name).not.toMatch(/^\.{0,2}$|[/\\\0]/)
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
      }
    }
  })

  it('keep the extension of a name that is too long', () => {
    expect(objectPath(`${'ä'.repeat(200)}.json.gz`, false)[0]).toMatch(/^ä{80}%~[0-9a-f]{32}%~ä+\.json\.gz$/)
  })

  it('are what Windows takes, where it must be', () => {
    expect(objectPath('a:b/con/nul.txt/lpt1x/end. /q?"<>|*', true)).toEqual([
      'a%3Ab',
      '%63on',
      '%6Eul.txt',
      'lpt1x',
      'end.%20',
      'q%3F%22%3C%3E%7C%2A',
    ])
  })
})

describe('a folder of buckets', () => {
  it('lays objects out like a bucket, and nothing beside them', async () => {
    await folder().deliver(objectOf('bucket', '2026/11/a.gz', 'x'), unaborted)
    expect(filesBelow(root)).toEqual(['buckets/bucket/2026/11/a.gz'])
  })

  it.each(['', '.', '..', '../x', 'a/b', '/x', '.hidden', 'a\0b', 'a\\b', 'x'.repeat(256), 'ä'])(
    'refuses the bucket %j for good',
    async (bucket) => {
      const error = await rejection(folder().deliver(objectOf(bucket, 'k', 'x'), unaborted))
      expect(error).toMatchObject({ name: 'DeliveryError', code: 'S3.InvalidBucketName', again: false })
      expect(filesBelow(root)).toEqual([])
    },
  )

  it('refuses by name what is an object and a folder of others', async () => {
    const buckets = folder()
    await buckets.deliver(objectOf('bucket', 'a', 'x'), unaborted)
    await buckets.deliver(objectOf('bucket', 'b/c', 'x'), unaborted)
    for (const key of ['a/b', 'a/b/c', 'b']) {
      const error = await rejection(buckets.deliver(objectOf('bucket', key, 'y'), unaborted))
      expect(error).toMatchObject({ code: 'S3.KeyConflict', again: false })
    }
    expect(filesBelow(root)).toEqual(['buckets/bucket/a', 'buckets/bucket/b/c'])
  })

  it('does not follow links out of a bucket', async () => {
    const outside = join(root, 'outside')
    mkdirSync(outside)
    mkdirSync(join(root, 'buckets', 'bucket'), { recursive: true })
    writeFileSync(join(outside, 'file'), 'mine')
    symlinkSync(outside, join(root, 'buckets', 'bucket', 'link'))
    symlinkSync(outside, join(root, 'buckets', 'linked'))
    symlinkSync(join(outside, 'file'), join(root, 'buckets', 'bucket', 'object'))
    const buckets = folder()
    for (const [bucket, key] of [
      ['bucket', 'link/x'],
      ['linked', 'x'],
    ] as const) {
      const error = await rejection(buckets.deliver(objectOf(bucket, key, 'y'), unaborted))
      expect(error).toMatchObject({ code: 'S3.AccessDenied', again: true })
    }
    await buckets.deliver(objectOf('bucket', 'object', 'theirs'), unaborted)
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('mine')
    expect(readFileSync(at('bucket', 'object'), 'utf8')).toBe('theirs')
    expect(readdirSync(outside)).toEqual(['file'])
  })

  it('may itself be a link, or have been removed meanwhile', async () => {
    mkdirSync(join(root, 'real'))
    symlinkSync(join(root, 'real'), join(root, 'buckets'))
    const buckets = folder()
    await buckets.deliver(objectOf('bucket', 'a/b', 'x'), unaborted)
    rmSync(join(root, 'real', 'bucket'), { recursive: true })
    await buckets.deliver(objectOf('bucket', 'a/c', 'x'), unaborted)
    expect(filesBelow(join(root, 'real'))).toEqual(['bucket/a/c'])
  })

  it('is made again by the next attempt if somebody removed it', async () => {
    const place = join(root, 'deep', 'buckets')
    const buckets = new FolderBuckets({ folder: place, clock: systemClock })
    await buckets.deliver(objectOf('landing', 'before', 'one'), unaborted)
    rmSync(join(root, 'deep'), { recursive: true })
    const failure = await rejection(buckets.deliver(objectOf('landing', 'after', 'two'), unaborted))
    expect(failure).toMatchObject({ code: 'S3.InternalError', again: true })
    await buckets.deliver(objectOf('landing', 'after', 'two'), unaborted)
    expect(readFileSync(join(place, 'landing', 'after'), 'utf8')).toBe('two')
  })

  it('removes what a process left that died a day ago, and nothing that is newer', async () => {
    const unfinished = join(root, 'buckets', '.unfinished')
    mkdirSync(unfinished, { recursive: true })
    for (const [name, hours] of [
      ['old', 25],
      ['new', 23],
    ] as const) {
      writeFileSync(join(unfinished, name), 'half')
      utimesSync(join(unfinished, name), new Date(), new Date(Date.now() - hours * 3_600_000))
    }
    await folder().deliver(objectOf('bucket', 'k', 'x'), unaborted)
    expect(readdirSync(unfinished)).toEqual(['new'])
  })

  it('syncs the bytes before they have a name, and every new name before it says so', async () => {
    const calls: string[] = []
    const files = callsTo(systemFiles, (call, path) => calls.push(`${call} ${path.slice(root.length)}`))
    const buckets = new FolderBuckets({ folder: join(root, 'buckets'), clock: systemClock, files })
    await buckets.deliver(objectOf('bucket', 'a/k', 'x'), unaborted)
    const kept = calls
      .filter((call) => /^(?:mkdir|sync|rename|write)/.test(call))
      .map((call) => call.replace(/[0-9a-f-]{36}/, '<id>'))
    expect(kept).toEqual([
      'mkdir /buckets',
      'sync ',
      'mkdir /buckets/.unfinished',
      'sync /buckets',
      'write /buckets/.unfinished/<id>',
      'sync /buckets/.unfinished/<id>',
      'mkdir /buckets/bucket',
      'sync /buckets',
      'mkdir /buckets/bucket/a',
      'sync /buckets/bucket',
      'rename /buckets/bucket/a/k',
      'sync /buckets/bucket/a',
    ])
  })

  it.each(['ENOSPC', 'EIO', 'EACCES'])(
    'survives %s at every call: it says so, leaves nothing, and goes on',
    async (code) => {
      for (let failing = 0; ; failing++) {
        const fault = faultyFiles(systemFiles, failing, code)
        const name = `${code}-${failing}`
        const buckets = new FolderBuckets({
          folder: join(root, name),
          clock: systemClock,
          files: fault.files,
        })
        const delivery = buckets.deliver(
          objectOf('bucket', 'a/k', [Buffer.from('ab'), Buffer.from('c')]),
          unaborted,
        )
        const error = await delivery.then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (!fault.met) {
          expect(failing).toBeGreaterThan(15)
          break
        }
        if (error !== undefined) {
          expect(error).toMatchObject({
            name: 'DeliveryError',
            again: true,
            code: code === 'EACCES' ? 'S3.AccessDenied' : 'S3.InternalError',
          })
        }
        await buckets.deliver(objectOf('bucket', 'a/k', 'abc'), unaborted)
        expect(filesBelow(join(root, name))).toEqual(['bucket/a/k'])
        expect(readFileSync(join(root, name, 'bucket', 'a', 'k'), 'utf8')).toBe('abc')
      }
    },
  )

  it.for(disksFor(['tmpfs'], ['full']))('goes on by itself after a %s was %s', async ([kind], { skip }) => {
    const disk = makeOrSkip(kind, skip)
    try {
      const buckets = new FolderBuckets({ folder: join(disk.path, 'buckets'), clock: systemClock })
      await buckets.deliver(objectOf('bucket', 'before', 'x'), unaborted)
      disk.leave(mebibyte)
      const parcel = objectOf('bucket', 'large', [], { body: () => lentChunks(4 * mebibyte) })
      const error = await rejection(buckets.deliver(parcel, unaborted))
      expect(error).toMatchObject({
        name: 'DeliveryError',
        again: true,
        message: expect.stringContaining('ENOSPC'),
      })
      expect(filesBelow(join(disk.path, 'buckets'))).toEqual(['bucket/before'])
      disk.release()
      await buckets.deliver(parcel, unaborted)
      expect(statSync(join(disk.path, 'buckets', 'bucket', 'large')).size).toBe(4 * mebibyte)
    } finally {
      disk.remove()
    }
  })
})
