// node reader.mjs <folder> <clockMs> <copy|lease>: reads a store for as long as the trial goes on, whoever writes it.
// Follows each stream that it is told of from the oldest record on, and keeps what it saw. Asked for an audit, it reads
// all of it once more: what there is must be what it saw, record by record. Says 'ready', answers audits, and says
// { failed } when something is wrong.
import { open } from '../../../dist/index.js'
import { standingClock } from '../../trials/moving-clock.mjs'
import { describeRecord } from '../../trials/record.mjs'
import { StreamView } from '../shard-view.mjs'

const [folder, clockMs, how] = process.argv.slice(2)
/** How long a reader may take to see what others see: one look a second, on a machine that is busy. */
const patienceMs = 60_000

const store = await open(folder, { readOnly: true, clock: standingClock(Number(clockMs)), onWarning: fail })
/** What the tails of streams have seen. */
const followed = new Set()

function viewsOf(number) {
  return [...followed].filter((view) => view.number === number)
}

async function follow({ name, number }) {
  if (viewsOf(number).length > 0) return
  // By now the name may be that of a later stream.
  const view = new StreamView(number, true)
  try {
    const stream = store.stream(name)
    followed.add(view)
    await view.follow(stream, { lease: how === 'lease' })
  } catch (error) {
    followed.delete(view)
    if (error.code !== 'ERR_MILLRACE_STREAM_NOT_FOUND') fail(error)
  }
}

/** @param {{ audit: number, streams: readonly { name: string, number: number }[] }} task all streams there are */
async function audit({ audit: id, streams }) {
  let records = 0
  for (const { name, number } of streams) {
    void follow({ name, number })
    const views = viewsOf(number)
    if (views.length === 0) throw new Error(`stream ${name} is not there`)
    const now = new StreamView(number)
    records += await now.follow(store.stream(name), { until: 'tail' })
    for (const [index, shard] of now.shards()) {
      for (const seen of views) {
        await until(
          () => seen.shard(index).last >= shard.last,
          `shard ${index} of ${name} up to ${shard.last}`,
        )
        compare(seen.shard(index), shard, `shard ${index} of ${name}`)
      }
    }
  }
  process.send({ audit: id, records })
}

/** What was seen, from the first record on that there is, is what there is. Earlier ones are forgotten. */
function compare(seen, now, where) {
  seen.forgetBefore(now.first)
  for (const [counter, number] of now.records) {
    if (seen.records.get(counter) === number) continue
    const other = seen.records.has(counter) ? describeRecord(seen.records.get(counter)) : 'nothing'
    throw new Error(`${where}: record ${counter} is ${describeRecord(number)}, and ${other} was seen`)
  }
  if (seen.records.size === now.records.size) return
  const lost = [...seen.records.keys()].find((counter) => !now.records.has(counter))
  throw new Error(`${where}: record ${lost}, ${describeRecord(seen.records.get(lost))}, was seen and is gone`)
}

async function until(done, what) {
  const giveUpAt = performance.now() + patienceMs
  while (!done()) {
    if (performance.now() > giveUpAt) throw new Error(`does not see ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function fail(problem) {
  const text = problem instanceof Error ? `${problem.code ?? ''} ${problem.stack}` : problem.message
  process.send({ failed: text })
}

process.on('message', (task) => {
  if (task.follow !== undefined) void follow(task.follow)
  else audit(task).catch(fail)
})
process.on('disconnect', () => process.exit(0))
process.send('ready')
