/**
 * Does work on several items at once, `atOnceMax` at most, and hands out what comes of it in the items' order. Ends with the
 * first failure. Left early, it waits for what is under way.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  atOnceMax: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = []
  try {
    for await (const item of items) {
      const result = work(item)
      result.catch(() => {}) // It is told when its turn comes.
      const due = underWay.push(result) < atOnceMax ? undefined : underWay.shift()
      if (due !== undefined) yield await due
    }
    for (let due = underWay.shift(); due !== undefined; due = underWay.shift()) yield await due
  } finally {
    await Promise.allSettled(underWay)
  }
}
