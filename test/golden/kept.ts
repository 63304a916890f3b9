/** The golden stores in this folder: a subfolder for each format version, a store and its expectation for each name. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack, unpack } from './container.ts'
import type { Look } from './observe.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** What a golden store shows: whoever opens it, at the time of its making. */
export interface Expectation {
  readonly nowMs: number
  /** On another boot than the one that it was written in, as it is. */
  readonly otherBoot: Views
  /** Where a process of this boot left it open and died. Torn logs are refused then: nothing can have torn them. */
  readonly sameBoot?: Views
}

/** What a check of every byte, a reader and then a writer see. */
export interface Views {
  readonly findings: readonly string[]
  readonly reader: Look
  readonly writer: Look
}

/** The same in a file: each look once. */
interface KeptViews {
  readonly findings: readonly string[]
  /** Places in `looks`. */
  readonly reader: number
  readonly writer: number
}

interface Kept {
  readonly nowMs: number
  readonly otherBoot: KeptViews
  readonly sameBoot?: KeptViews
  readonly looks: readonly Look[]
}

/** Versions with golden stores, oldest first. */
export function versions(): string[] {
  return readdirSync(folder)
    .filter((name) => /^v\d+$/.test(name))
    .toSorted()
}

export function namesOf(version: string): string[] {
  const names = readdirSync(join(folder, version)).filter((name) => name.endsWith('.store'))
  return names.map((name) => name.slice(0, -'.store'.length)).toSorted()
}

/** Unpacks a golden store to `path`, which does not exist yet. */
export function unpackGolden(version: string, name: string, path: string): void {
  unpack(readFileSync(join(folder, version, `${name}.store`)), path)
}

export function expectationOf(version: string, name: string): Expectation {
  const { looks, ...kept } = JSON.parse(readFileSync(join(folder, version, `${name}.json`), 'utf8')) as Kept
  const looked = (views: KeptViews): Views => ({
    findings: views.findings,
    reader: looks[views.reader] as Look,
    writer: looks[views.writer] as Look,
  })
  const { nowMs, otherBoot, sameBoot } = kept
  return {
    nowMs,
    otherBoot: looked(otherBoot),
    ...(sameBoot === undefined ? {} : { sameBoot: looked(sameBoot) }),
  }
}

/** Replaces a golden store and its expectation. */
export function keep(version: string, name: string, path: string, expectation: Expectation): void {
  if (!existsSync(join(folder, version))) mkdirSync(join(folder, version))
  writeFileSync(join(folder, version, `${name}.store`), pack(path))
  const looks: string[] = []
  const placeOf = (look: Look): number => {
    const text = JSON.stringify(look)
    return looks.includes(text) ? looks.indexOf(text) : looks.push(text) - 1
  }
  const kept = ({ findings, reader, writer }: Views): KeptViews => ({
    findings,
    reader: placeOf(reader),
    writer: placeOf(writer),
  })
  const { nowMs, otherBoot, sameBoot } = expectation
  const views = {
    otherBoot: kept(otherBoot),
    ...(sameBoot === undefined ? {} : { sameBoot: kept(sameBoot) }),
  }
  const lines = [
    `{"nowMs":${nowMs},`,
    ...Object.entries(views).map(([boot, seen]) => `"${boot}":${JSON.stringify(seen)},`),
  ]
  const text = `${lines.join('\n')}\n"looks":[\n${looks.join(',\n')}\n]}\n`
  writeFileSync(join(folder, version, `${name}.json`), text)
}
