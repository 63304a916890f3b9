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

/** Also of cases, whose titles are what their rows begin with. */
const title = /(?:(?:\bit|\bdescribe|\]\))\(|\[)\s*(['"`])((?:\\.|(?!\1).)*)\1/gs
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
  CreateChannel: 'to S3 or a folder; tables, KMS keys and schemas are refused by name',
  PutResourcePolicy: 'kept, not judged: nobody is refused because of a policy',
  StartStreamEncryption: 'kept and shown; bytes at rest are not enciphered',
  StartDeliveryStreamEncryption: 'kept and shown; bytes at rest are not enciphered',
}

/** What of a service is answered here. */
export interface AnsweredService {
  readonly model: ServiceModel
  readonly operations: ReadonlySet<string>
}

/** The page: Kinesis first, then Firehose, whose tests have a folder of their own. */
export function compatibilityPage(
  kinesis: AnsweredService,
  firehose: AnsweredService,
  files: readonly TestFile[],
): string {
  const rules = files.flatMap(rulesIn)
  const ofFirehose = rules.filter(({ file }) => file.includes('/firehose/'))
  const ofKinesis = rules.filter((rule) => !ofFirehose.includes(rule))
  return `${[
    introduction(rules.length),
    ...part('Kinesis Data Streams', kinesis, ofKinesis),
    ...part('Firehose', firehose, ofFirehose),
    memberTable(firehose.model),
  ].join('\n\n')}\n`
}

function part(
  name: string,
  { model, operations }: AnsweredService,
  rules: readonly Rule[],
): readonly string[] {
  const topics = [...new Set(rules.map(({ topic }) => topic))]
    .filter((topic) => topic !== 'deviation')
    .toSorted()
  return [
    `## ${name}`,
    operationTable(model, operations),
    ...topics.map((topic) => section(topic, rules)),
    deviations(rules),
  ]
}

/** Members of requests to create and update that are refused by name; the operations say so, and tests hold them to it. */
const refused =
  /^(MSK|Database)SourceConfiguration$|^(Redshift|Elasticsearch|Amazonopensearchservice|AmazonOpenSearchServerless|Splunk|Snowflake|Iceberg)Destination|^(KMSEncryptionConfig|OrcSerDe)$/

/** Members that are refused by some of their values. */
const bounded: Readonly<Record<string, string>> = {
  'CreateDeliveryStreamInput.DeliveryStreamType': '`MSKAsSource` and `DatabaseAsSource` are refused by name',
  'SchemaConfiguration.CatalogId': "the caller's account; others are refused by name",
  'SchemaConfiguration.Region': "the caller's region; others are refused by name",
  'SchemaConfiguration.VersionId': '`LATEST`; others are refused by name',
  'ParquetSerDe.BlockSizeBytes': 'row groups end at 8 MiB of JSON at the latest',
  'ParquetSerDe.WriterVersion': '`V1`; `V2` is refused by name',
  'ParquetSerDe.MaxPaddingBytes': '0; others are refused by name',
  'HttpEndpointDestinationConfiguration.SecretsManagerConfiguration': 'refused by name if it is enabled',
  'HttpEndpointDestinationUpdate.SecretsManagerConfiguration': 'refused by name if it is enabled',
  'HttpEndpointConfiguration.Url': '`http:`, too',
  'ProcessorParameter.ParameterName': '[each, by processor](firehose.md#processors)',
  'CreateDeliveryStreamInput.DeliveryStreamEncryptionConfigurationInput':
    'kept and shown; bytes at rest are not enciphered',
  'CreateDeliveryStreamInput.DirectPutSourceConfiguration':
    'kept and shown: throughput has no bounds to raise',
}

/** What becomes of each member of the requests that say what a delivery stream does. */
function memberTable(model: ServiceModel): string {
  const rows: string[] = []
  const seen = new Set<string>()
  const walk = (structure: string): void => {
    if (seen.has(structure)) return
    seen.add(structure)
    for (const [name, shape] of Object.entries(model.structures[structure] ?? {})) {
      const member = `${structure}.${name}`
      const isRefused = refused.test(name)
      rows.push(`| \`${member}\` | ${isRefused ? 'refused by name' : (bounded[member] ?? 'works')} |`)
      const inner = shape.type === 'list' ? shape.member : shape
      if (!isRefused && inner?.type === 'structure') walk(inner.shape ?? '')
    }
  }
  for (const operation of ['CreateDeliveryStream', 'UpdateDestination']) {
    walk(model.operations[operation]?.input ?? '')
  }
  return `### Members of requests\n\n[Firehose](firehose.md#every-option) says how each works.\n\n| member | |\n| --- | --- |\n${rows.join('\n')}`
}

function introduction(count: number): string {
  const letters = Object.entries(sources).map(([letter, source]) => `| \`[${letter}]\` | ${source} |`)
  return `# What of Amazon Kinesis and Firehose holds here

<!-- Written by \`npm run compatibility\` from the titles of the tests in test/aws. Do not edit. -->

\`millrace/aws\` answers all operations of Kinesis Data Streams and of Firehose. Each of the ${count} rules below is the title of a test that is
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
  return `### Operations\n\n| operation | |\n| --- | --- |\n${rows.join('\n')}`
}

function section(topic: string, rules: readonly Rule[]): string {
  const heading = topic.slice(0, 1).toUpperCase() + topic.slice(1)
  return `### ${heading}\n\n${listed(rules.filter((rule) => rule.topic === topic))}`
}

function deviations(rules: readonly Rule[]): string {
  return `### Where it differs, and why\n\n${listed(rules.filter(({ topic }) => topic === 'deviation'))}`
}

function listed(rules: readonly Rule[]): string {
  return rules
    .map(({ sources: letters, rule, file }) => {
      const name = file.replace(/^.*\//, '')
      return `- ${letters.map((letter) => `\`[${letter}]\``).join(' ')} ${shownRule(rule)} ([${name}](../${file}))`
    })
    .join('\n')
}
