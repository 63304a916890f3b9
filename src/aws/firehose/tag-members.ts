import type { TagMembers } from './members.ts'

/** Tags of a request as the library takes them. Of two with the same key the later one counts. */
export function tagsOf(tags: readonly TagMembers[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ Key: key, Value: value = '' }) => [key, value]))
}

/** A page of tags, by their keys. */
export function tagPage(
  tags: Readonly<Record<string, string>>,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): { readonly Tags: readonly TagMembers[]; readonly HasMoreTags: boolean } {
  const keys = Object.keys(tags)
    .filter((key) => after === undefined || key > after)
    .toSorted(byText)
  const page = keys.slice(0, limit)
  return {
    Tags: page.map((key) => ({ Key: key, Value: tags[key] ?? '' })),
    HasMoreTags: keys.length > page.length,
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
