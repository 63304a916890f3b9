/** Tags of streams and consumers: pure rules over the stored list. */
import { invalidArgument } from '../errors.ts'
import type { Tag } from '../meta/settings.ts'
import { requireStringOf } from './text-rule.ts'
import { limitExceeded } from './limit-exceeded.ts'

/** Tags by key; values may be empty. */
export type Tags = Readonly<Record<string, string>>

/** Of one stream or consumer (AWS API model). */
const tagsMax = 50
const keyCharactersMax = 128
const valueCharactersMax = 256
/** Observed on AWS: Unicode letters, digits, white space and _ . / = + - % @, and the colon of its own keys. */
const allowed = /^[\p{L}\p{N}\p{Zs}_.:/=+\-%@]*$/u

/**
 * The list with these tags added or replaced, in byte order of the keys.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`; `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 50 tags
 */
export function withTags(before: readonly Tag[] | undefined, tags: Tags): readonly Tag[] | undefined {
  const byKey = new Map((before ?? []).map((tag) => [tag.key, tag.value]))
  for (const [key, value] of checkedTags(tags)) byKey.set(key, value)
  if (byKey.size > tagsMax) throw limitExceeded('tags', byKey.size, tagsMax)
  return listed(byKey)
}

/**
 * The list without the tags of these keys; a key that is not there is passed over.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function withoutTags(
  before: readonly Tag[] | undefined,
  keys: readonly string[],
): readonly Tag[] | undefined {
  if (!Array.isArray(keys)) throw invalidArgument('keys', keys, 'an array')
  const byKey = new Map((before ?? []).map((tag) => [tag.key, tag.value]))
  for (const key of keys) byKey.delete(requireKey(key))
  return listed(byKey)
}

function listed(byKey: ReadonlyMap<string, string>): readonly Tag[] | undefined {
  if (byKey.size === 0) return undefined
  return Array.from(byKey, ([key, value]): Tag => ({ key, value })).toSorted((a, b) =>
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
  )
}

function checkedTags(tags: unknown): readonly (readonly [string, string])[] {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) {
    throw invalidArgument('tags', tags, 'an object of keys and values')
  }
  return Object.entries(tags as Readonly<Record<string, unknown>>).map(([key, value]) => [
    requireKey(key),
    requireCharacters(`tags[${JSON.stringify(key)}]`, value, 0, valueCharactersMax),
  ])
}

function requireKey(key: unknown): string {
  return requireCharacters('tag key', key, 1, keyCharactersMax)
}

function requireCharacters(field: string, value: unknown, min: number, max: number): string {
  const text = requireStringOf(field, value, min, max)
  if (allowed.test(text)) return text
  throw invalidArgument(field, value, 'of Unicode letters, digits, white space and _ . : / = + - % @')
}
