import { getSystemErrorName } from 'node:util'
import { type ErrorCode, errorCodes, MillraceError } from '../errors.ts'
import type { NativeFailure } from './addon.ts'

const known: ReadonlySet<string> = new Set(errorCodes)

/** What the addon threw, as the error that millrace throws. Anything else comes back as it is. */
export function fromNative(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('code' in thrown) || !isErrorCode(thrown.code)) return thrown
  const { errno, detail } = thrown as Partial<NativeFailure>
  return new MillraceError(thrown.code, thrown.message, {
    cause: thrown,
    details: {
      ...(errno ? { errno, errnoName: getSystemErrorName(-errno) } : {}),
      ...(detail ? { detail } : {}),
    },
  })
}

/** Runs one call of the addon. Hot paths spell it out instead. */
export function callNative<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw fromNative(error)
  }
}

/** Awaits a promise of the addon. */
export async function awaitNative<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw fromNative(error)
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && known.has(code)
}
