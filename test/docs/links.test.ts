import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { headingsOf, proseOf } from './markdown.ts'
import { type Page, pageAt, pagesIn, root } from './pages.ts'

const pages = pagesIn(
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'docs',
  'examples',
  'src',
  'native',
  'test',
)

/** Where a link of the page leads that leads into the checkout. */
function linksOf({ text }: Page): string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
}

/** The anchor that a heading gets where the page is shown. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

function leadsNowhere(page: Page, link: string): boolean {
  const [target = '', anchor] = link.split('#')
  const path = target === '' ? page.path : posix.join(posix.dirname(page.path), target)
  if (!existsSync(join(root, path))) return true
  return anchor !== undefined && !headingsOf(pageAt(path).text).map(anchorOf).includes(anchor)
}

describe('links', () => {
  it.each(pages)('of $path lead somewhere', (page) => {
    expect(linksOf(page).filter((link) => leadsNowhere(page, link))).toEqual([])
  })

  it('are found at all', () => {
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(20)
  })

  it('lead from the README to every document', () => {
    const linked = linksOf(pageAt('README.md'))
    const documents = pages.filter(({ path }) => /^docs\/[^/]+\.md$/.test(path)).map(({ path }) => path)
    expect(linked).toEqual(expect.arrayContaining(documents))
  })

  it('lead from the list of decisions to each', () => {
    const linked = linksOf(pageAt('docs/decisions/README.md')).toSorted()
    const decisions = pages.filter(({ path }) => /^docs\/decisions\/\d/.test(path))
    expect(linked).toEqual(decisions.map(({ path }) => posix.basename(path)))
  })
})
