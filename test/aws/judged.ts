import type { ServiceModel } from '../../src/aws/model/model.ts'
import { Fault } from '../../src/aws/wire/fault.ts'
import { inputReader } from '../../src/aws/wire/input-reader.ts'
import { jsonForm } from '../../src/aws/wire/json.ts'
import type { Document } from './model-cases.ts'

/** What the reader of an operation's input makes of a document: the fault, or nothing. */
export function judgedBy(model: ServiceModel): (operation: string, input: Document) => Fault | undefined {
  const readers = new Map<string, ReturnType<typeof inputReader>>()
  return (operation, input) => {
    const read =
      readers.get(operation) ?? inputReader(model, operation, model.operations[operation]?.input ?? null)
    readers.set(operation, read)
    try {
      read(JSON.parse(JSON.stringify(input)), jsonForm)
      return undefined
    } catch (error) {
      if (error instanceof Fault) return error
      throw error
    }
  }
}
