// What a process holds at this moment, as Linux tells it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Memory in bytes, and how many descriptors, mappings and threads. @param {number | 'self'} pid */
export function processFigures(pid = 'self') {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    rss: field('VmRSS') * 1024,
    rssAnon: field('RssAnon') * 1024,
    descriptors: descriptorsOf(pid).length,
    mappings: mappingsOf(pid).length,
    threads: field('Threads'),
  }
}

/** How many bytes of the files in a folder a process has mapped, and how many of its descriptors are of such files. */
export function heldFrom(folder, pid = 'self') {
  const mappedBytes = mappingsOf(pid)
    .filter((line) => line.includes(folder))
    .reduce((sum, line) => {
      const [from, to] = line.slice(0, line.indexOf(' ')).split('-')
      return sum + Number(BigInt(`0x${to}`) - BigInt(`0x${from}`))
    }, 0)
  const descriptors = descriptorsOf(pid).filter((target) => target.startsWith(folder)).length
  return { mappedBytes, descriptors }
}

/** How often the threads of a process gave their processor up by themselves, to wait, and how many threads there are. */
export function waitsOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`)
  const counts = threads.map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
    return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
  })
  return { waits: counts.reduce((sum, count) => sum + count, 0), threads: threads.length }
}

function mappingsOf(pid) {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').trimEnd().split('\n')
}

/** What the descriptors of a process are of. One may be closed while this looks. */
function descriptorsOf(pid) {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
    } catch {
      return []
    }
  })
}
