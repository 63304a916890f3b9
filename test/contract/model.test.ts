import { AsyncEngine } from '../model/async-engine.ts'
import { FaultyEngine } from '../model/faulty-engine.ts'
import type { ManualClock } from '../model/manual-clock.ts'
import { ModelEngine } from '../model/model-engine.ts'
import { ModelDisk } from '../model/stored-log.ts'
import { logEngineContract } from './log-engine.contract.ts'
import { shardLogContract } from './shard-log.contract.ts'
import type { ContractOptions, MakeEngine } from './subject.ts'

let disk = new ModelDisk()

function freshModel(clock: ManualClock, capacityBytes?: number): ModelEngine {
  disk = new ModelDisk(capacityBytes)
  return new ModelEngine({ clock, disk })
}

const variants: readonly (readonly [string, (engine: ModelEngine) => ReturnType<MakeEngine>])[] = [
  ['the model', (engine) => engine],
  ['the model behind promises', (engine) => new AsyncEngine(engine)],
  ['the model without a fault', (engine) => new FaultyEngine(engine)],
]

for (const [name, wrap] of variants) {
  const options: ContractOptions = {
    reopen: (_closed, clock) => wrap(new ModelEngine({ clock, disk })),
    makeFull: (clock, bytes) => wrap(freshModel(clock, bytes)),
  }
  const makeEngine: MakeEngine = (clock) => wrap(freshModel(clock))
  shardLogContract(name, makeEngine, options)
  logEngineContract(name, makeEngine, options)
}
