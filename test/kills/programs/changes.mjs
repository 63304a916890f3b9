// Changes of what a stream is, made while others put. Each is reported before it is called and once it was answered; one
// that is cut off in between was carried out wholly, or not at all.
import { makeChange, planChange, planReshard, refusals } from '../../trials/stream-change.mjs'
import { report } from './report.mjs'
import { tolerate } from './strand.mjs'

export class Changes {
  /** Numbers of the streams that are being changed: one change at a time. */
  #changing = new Set()

  /** Sets how long records are kept. */
  async retain(target, hours) {
    const call = () => target.stream.setRetention(hours)
    await this.#make(target, { thing: 'retentionHours', value: hours, call })
  }

  /** Sets something, or lets a consumer come or go. @param target { stream, number } */
  async change(target, random) {
    await this.#make(target, planChange(target.stream, random))
  }

  /** Splits, merges, or changes the number of shards. */
  async reshard(target, random) {
    const plan = planReshard(target.stream, random)
    if (plan !== undefined) await this.#make(target, plan)
  }

  async #make({ stream, number }, plan) {
    const { thing, value } = plan
    if (this.#changing.has(number)) return
    this.#changing.add(number)
    report('change', number, thing, value)
    try {
      report('changed', number, thing, await makeChange(stream, plan))
    } catch (error) {
      if (refusals.has(error.code)) report('unchanged', number, thing, value)
      else tolerate(error)
    } finally {
      this.#changing.delete(number)
    }
  }
}
