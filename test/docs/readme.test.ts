import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { fencesOf, tableUnder } from './markdown.ts'
import { pageAt, root } from './pages.ts'

const readme = pageAt('README.md').text
const durability = pageAt('docs/durability.md').text

/** Durability modes that the rows of a table name, besides the memory store. */
function modesIn(rows: readonly Readonly<Record<string, string>>[], column: string): string[] {
  return rows.map((row) => /`([a-z]+)`/.exec(row[column] ?? '')?.[1] ?? '').filter((mode) => mode !== '')
}

describe('the README', () => {
  it('shows the quickstart of the examples, word for word', () => {
    const first = fencesOf(readme).find(({ language }) => language === 'ts')
    expect(first?.text).toBe(readFileSync(join(root, 'examples', 'quickstart.ts'), 'utf8'))
  })

  it('promises something for each durability that open takes, and for no other', async () => {
    const modes = modesIn(tableUnder(readme, 'What a stored record survives').rows, 'durability')
    expect(modes).toEqual(['process', 'commit', 'interval', 'none'])
    expect(modesIn(tableUnder(durability, 'The promise').rows, '')).toEqual(modes)
    for (const mode of modes as ('process' | 'commit' | 'interval' | 'none')[]) {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-readme-'))
      await (await open(folder, { durability: mode })).close()
      rmSync(folder, { recursive: true })
    }
    const refused = await open('memory:', { durability: 'other' as 'none' }).catch(
      (error: Error) => error.message,
    )
    const accepted = [...String(refused).matchAll(/'([a-z]+)'/g)].map((match) => match[1])
    expect(accepted).toEqual(modes)
  })

  it('shows every command that there is', () => {
    const main = join(root, 'dist', 'cli', 'main.js')
    const help = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' }).stdout
    const listed = [...help.matchAll(/^ {2}(\w+)(?: \[|\s{2,}|$)/gm)].map((match) => match[1])
    const section = readme.slice(readme.indexOf('## The command'))
    const shown = new Set(
      [...section.slice(0, section.indexOf('\n## ', 1)).matchAll(/(?<=^|`|\| )millrace (\w+)/gm)].map(
        (match) => match[1],
      ),
    )
    expect(listed.filter((command) => command !== 'help').toSorted()).toEqual([...shown].toSorted())
  })

  it('asks for the Node that the package asks for', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      engines: { node: string }
    }
    expect(engines.node).toBe(`>=${/Node (\d+\.\d+) or newer/.exec(readme)?.[1] ?? ''}`)
  })

  it('is short', () => {
    expect(readme.split('\n').length).toBeLessThan(114)
  })
})
