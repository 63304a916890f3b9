import type { Maybe } from '../log/log.ts'

/** Whether an answer is still to come. */
export function isLater<T>(answer: Maybe<T>): answer is Promise<T> {
  return answer instanceof Promise
}

/** Goes on with an answer: at once if it is there, so that an embedded engine never costs a turn. */
export function andThen<T, R>(answer: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return isLater(answer) ? after(answer, next) : next(answer)
}

async function after<T, R>(answer: Promise<T>, next: (value: T) => Maybe<R>): Promise<R> {
  return next(await answer)
}
