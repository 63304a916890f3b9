import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { FolderBuckets } from '../../../src/firehose/destinations/folder.ts'
import { disksFor, makeOrSkip } from '../../disks/disk.ts'
import { objectOf, unaborted } from './parcels.ts'

describe('objects in a folder', () => {
  it.for(disksFor(['xfs', 'ext4'], ['loses its power']))(
    'survive that %s %s once they are delivered, and none is there in part',
    async ([kind], { skip }) => {
      const disk = makeOrSkip(kind, skip)
      try {
        const folder = join(disk.path, 'a', 'buckets')
        const buckets = new FolderBuckets({ folder, clock: systemClock })
        const keys = Array.from(
          { length: 20 },
          (_, index) => `day=${index % 4}/hour=${index % 5}/object-${index}`,
        )
        const large = Buffer.alloc(300_000, 'x')
        await Promise.all(keys.map((key) => buckets.deliver(objectOf('bucket', key, [large]), unaborted)))
        // The power goes while another one is under way.
        const lost = Promise.allSettled(
          Array.from({ length: 20 }, (_, index) =>
            buckets.deliver(objectOf('bucket', `day=9/object-${index}`, [large]), unaborted),
          ),
        )
        disk.shutDown()
        await lost
        disk.unmount()
        disk.mount()
        const bucket = join(folder, 'bucket')
        for (const key of keys) expect(readFileSync(join(bucket, key)).equals(large)).toBe(true)
        const found = readdirSync(bucket, { recursive: true, withFileTypes: true }).filter((entry) =>
          entry.isFile(),
        )
        for (const entry of found) {
          expect(readFileSync(join(entry.parentPath, entry.name)).length).toBe(large.length)
        }
      } finally {
        disk.remove()
      }
    },
  )
})
