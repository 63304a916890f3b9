// What a step of the setup made, and of what, in a file beside it: so that the next call can tell that nothing is to do.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names and bytes of all that decides what comes out; a file that is not there counts as such. */
export function hashOfFiles(files) {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(`${file}\n`)
    hash.update(existsSync(file) ? readFileSync(file) : 'is not there')
  }
  return hash.digest('hex')
}

/** Whether the last call made what is wanted, and all of it is still there. */
export function isMade(stamp, folder, hash) {
  if (!existsSync(stamp)) return false
  const { made, files } = JSON.parse(readFileSync(stamp, 'utf8'))
  return made === hash && files.every((file) => existsSync(join(folder, file)))
}

/** Notes what was made: files relative to the folder that `isMade` is asked of. */
export function noteMade(stamp, hash, files) {
  writeFileSync(stamp, JSON.stringify({ made: hash, files }))
}

/** All files below a folder, relative to it; none if there is no folder. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile())
}
