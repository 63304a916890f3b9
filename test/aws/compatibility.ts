/** Turns the tags of the tests into docs/aws-compatibility.md. Pure: texts in, a page out. */
import type { ServiceModel } from '../../src/aws/model/model.ts'

/** A rule that a test holds us to. */
export interface Rule {
  /** How sure it is, such as `A` or `K`: see `sources`. */
  readonly sources: readonly string[]
  /** What it is about, such as `iterators`; `deviation` for where we differ. */
  readonly topic: string
  readonly rule: string
  /** The file of its test, from the checkout's root. */
  readonly file: string
}

/** A file of tests. */
export interface TestFile {
  readonly path: string
  readonly text: string
}

/** Where a rule is known from. */
export const sources: Readonly<Record<string, string>> = {
  A: 'the current AWS API model',
  G: 'the AWS developer guide',
  D: 'AWS documentation',
  O: 'observed on AWS by others, not documented',
  L: "seen on AWS by LocalStack's validated tests",
  K: "seen on AWS by kinesalite's validated tests",
  T: 'from moto',
  R: 'run with the real client',
  M: 'general knowledge, to be confirmed',
  '?': 'sources are silent or differ: our choice',
}

const title = /(?:\bit|\bdescribe|\]\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs
const tagged = /^((?:\[[A-Z?]\])+) ([A-Za-z]+): (.*)$/s

/** The rules in the titles of tests, such as `it('[A] iterators: hold five minutes')`. */
export function rulesIn({ path, text }: TestFile): readonly Rule[] {
  return [...text.matchAll(title)].flatMap(([, , name = '']) => {
    const [, letters, topic, rule] = tagged.exec(name.replaceAll(/\\(.)/g, '$1')) ?? []
    if (letters === undefined || topic === undefined || rule === undefined) return []
    return [{ sources: [...letters.matchAll(/[A-Z?]/g)].map(([letter]) => letter), topic, rule, file: path }]
  })
}

/** Placeholders of `it.each` say nothing on a page. */
function shownRule(rule: string): string {
  return rule.replace(/[:,](?: for| from| \d+ to)? %[a-z].*$/s, '')
}

/** Texts of one topic that need no placeholder. */
const notes: Readonly<Record<string, string>> = {
  CreateChannel: 'judged, then refused by the name of its destination: nothing delivers yet',
  DescribeChannel: 'there are no channels: ResourceNotFoundException',
  UpdateChannel: 'there are no channels: ResourceNotFoundException',
  DeleteChannel: 'there are no channels: ResourceNotFoundException',
  ListChannels: 'the list is empty',
  PutResourcePolicy: 'kept, not judged: nobody is refused because of a policy',
  StartStreamEncryption: 'kept and shown; bytes at rest are not enciphered',
}

/** The page. */
export function compatibilityPage(
  model: ServiceModel,
  operations: ReadonlySet<string>,
  files: readonly TestFile[],
): string {
  const rules = files.flatMap(rulesIn)
  const topics = [...new Set(rules.map(({ topic }) => topic))]
    .filter((topic) => topic !== 'deviation')
    .toSorted()
  return `${[
    introduction(rules.length),
    operationTable(model, operations),
    ...topics.map((topic) => section(topic, rules)),
    deviations(rules),
  ].join('\n\n')}\n`
}

function introduction(count: number): string {
  const letters = Object.entries(sources).map(([letter, source]) => `| \`[${letter}]\` | ${source} |`)
  return `# What of Amazon Kinesis holds here

<!-- Written by \`npm run compatibility\` from the titles of the tests in test/aws. Do not edit. -->

\`millrace/aws\` answers all operations of Kinesis Data Streams. Each of the ${count} rules below is the title of a test that is
run with the real client of the AWS SDK, or with bytes where the client would not send such. In front of it stands how sure we
are that AWS does the same:

| | known from |
| --- | --- |
${letters.join('\n')}`
}

function operationTable(model: ServiceModel, operations: ReadonlySet<string>): string {
  const rows = Object.keys(model.operations).map(
    (name) => `| \`${name}\` | ${operations.has(name) ? (notes[name] ?? 'answered') : 'refused by name'} |`,
  )
  return `## Operations\n\n| operation | |\n| --- | --- |\n${rows.join('\n')}`
}

function section(topic: string, rules: readonly Rule[]): string {
  const heading = topic.slice(0, 1).toUpperCase() + topic.slice(1)
  return `## ${heading}\n\n${listed(rules.filter((rule) => rule.topic === topic))}`
}

function deviations(rules: readonly Rule[]): string {
  return `## Where it differs, and why\n\n${listed(rules.filter(({ topic }) => topic === 'deviation'))}`
}

function listed(rules: readonly Rule[]): string {
  return rules
    .map(({ sources: letters, rule, file }) => {
      const name = file.replace(/^.*\//, '')
      return `- ${letters.map((letter) => `\`[${letter}]\``).join(' ')} ${shownRule(rule)} ([${name}](../${file}))`
    })
    .join('\n')
}
