import { inspect } from 'node:util'

/**
 * Lets `console.log` show what `toJSON` answers, for objects whose own fields are the place where the answer lies
 * and not the answer. A method of that name would be the plain way, but the declarations of a class cannot be
 * written file by file if it has one.
 *
 * @param prototype of the class
 */
export function showAsJson(prototype: { toJSON(): unknown }): void {
  Object.defineProperty(prototype, inspect.custom, {
    value(this: typeof prototype): unknown {
      return this.toJSON()
    },
  })
}
