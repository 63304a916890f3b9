import type { Tag } from '../../meta/settings.ts'

/** A tag as the service lists it. */
export function tagOutput({ key, value }: Tag): Readonly<Record<string, string>> {
  return { Key: key, Value: value }
}

/** Tags of an input as the library takes them. */
export function tagsOf(tags: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries(tags)
}
