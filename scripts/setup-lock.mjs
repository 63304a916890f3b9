// One set-up at a time in a checkout: two builds in one folder damage each other. The lock is a file that
// appears together with its owner's process id, so that a lock left behind by a killed process is
// recognised and taken over.
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 200

/** Waits for the lock at `path`, telling `report` once if it has to. Held until the process exits. */
export async function holdSetupLock(path, report) {
  const own = `${path}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    for (let waited = false; !claim(own, path); waited = true) {
      const owner = ownerOf(path)
      if (owner !== undefined && !alive(owner)) rmSync(path, { force: true })
      else {
        if (!waited) report(`waiting for another set-up (process ${owner}); if there is none, remove ${path}`)
        await delay(pollMs)
      }
    }
  } finally {
    rmSync(own, { force: true })
  }
  process.on('exit', () => rmSync(path, { force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
}

/** A hard link appears complete or not at all, unlike a file that is first created and then written. */
function claim(own, path) {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  }
}

function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return undefined // released meanwhile
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
