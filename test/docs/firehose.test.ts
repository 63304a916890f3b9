import { describe, expect, it } from 'vitest'
import { firehoseModel, kinesisModel } from '../../src/aws/model/model.ts'
import { DeliveryCounters } from '../../src/firehose/delivery-stats.ts'
import { callRaw, openRig } from '../aws/firehose/rig.ts'
import { sampleOf } from '../aws/model-cases.ts'
import { filesBelow } from '../tidy/checkout.ts'
import { withoutComments } from '../tidy/code.ts'
import { plain, tablesOf } from './markdown.ts'
import { membersIn, type MemberTable, memberTables, structuresOf, withNamedColumns } from './member-tables.ts'
import { pageAt } from './pages.ts'
import { firehoseRequests, placesOf, processedBy, updatedStream } from './whole-requests.ts'

const page = pageAt('docs/firehose.md').text
const tables = tablesOf(withNamedColumns(page))
const ofLibrary = memberTables(tables.filter(({ heading }) => heading === 'Options of the library'))
const ofChannels = memberTables(tables.filter(({ heading }) => heading === 'Channels'))
const ofFirehose = memberTables(tables).filter(
  ({ structures }) => ![...ofLibrary, ...ofChannels].some((other) => sameNames(other, structures)),
)
const refused = 'refused by name'
const channelOperations = ['Create', 'Describe', 'Update', 'Delete'].map((verb) => `${verb}Channel`)

function sameNames(table: MemberTable, structures: readonly string[]): boolean {
  return table.structures.join() === structures.join()
}

/** Of the tables of a service: `Structure.Member` and what is said of it. */
function verdictsOf(from: readonly MemberTable[], model: typeof firehoseModel): ReadonlyMap<string, string> {
  return new Map(
    from.flatMap(({ structures, verdicts }) =>
      structures.flatMap((structure) =>
        Object.keys(model.structures[structure] ?? {}).map((member): [string, string] => [
          `${structure}.${member}`,
          verdicts.get(member) ?? '',
        ]),
      ),
    ),
  )
}

describe.each([
  ['Firehose', firehoseModel, ofFirehose, Object.keys(firehoseModel.operations)],
  ['channels', kinesisModel, ofChannels, [...channelOperations, 'ListChannels']],
] as const)('docs/firehose.md, %s', (_, model, own, operations) => {
  const verdicts = verdictsOf(own, model)

  it('has a table for every structure that is not within something refused, once', () => {
    const wanted = structuresOf(
      model,
      operations,
      (structure, member) => verdicts.get(`${structure}.${member}`) === refused,
    )
    expect(own.flatMap(({ structures }) => structures).toSorted()).toEqual([...wanted].toSorted())
  })

  it.each(own.map((table) => [table.structures.join(), table] as const))(
    '%s: every member of the model, once, and no other',
    (_names, { structures, verdicts: rows, repeated }) => {
      const members = structures.flatMap((structure) => Object.keys(model.structures[structure] ?? {}))
      expect([...rows.keys()].toSorted()).toEqual([...new Set(members)].toSorted())
      expect(repeated).toEqual([])
    },
  )

  it('says one of four things of each', () => {
    expect(new Set(verdicts.values())).toEqual(new Set(['works', 'differs', 'kept', refused]))
  })
})

describe('docs/firehose.md and the code', () => {
  const verdicts = verdictsOf(ofFirehose, firehoseModel)
  const options = { firehose: { tables: { 'web.clicks': { page: 'string' } } } }

  it('requests with every member that is not called refused are answered', async () => {
    const rig = await openRig(options)
    await rig.store.createStream('visits')
    const used = new Set<string>()
    for (const [operation, input] of firehoseRequests) {
      const { status, body } = await callRaw(rig.handler, operation, input)
      expect([operation, status, status === 200 ? '' : body]).toEqual([operation, 200, ''])
      const structure = firehoseModel.operations[operation]?.input ?? ''
      for (const member of membersIn(firehoseModel, structure, input)) used.add(member)
    }
    const wanted = [...verdicts].filter(([, verdict]) => verdict !== refused).map(([member]) => member)
    expect([...used].toSorted()).toEqual(wanted.toSorted())
  })

  it.each([...verdicts].filter(([, verdict]) => verdict === refused).map(([member]) => member))(
    '%s is refused by its name',
    async (path) => {
      const [structure = '', member = ''] = path.split('.')
      const shape = firehoseModel.structures[structure]?.[member]
      const rig = await openRig(options)
      await callRaw(rig.handler, ...updatedStream)
      const place = placesOf[structure]
      if (shape === undefined || place === undefined) throw new Error(`nobody knows where ${path} is`)
      const { status, body } = await callRaw(
        rig.handler,
        ...place({ [member]: sampleOf(shape, firehoseModel) }),
      )
      expect([status, JSON.stringify(body)]).toEqual([
        400,
        expect.stringMatching(new RegExp(`${member}[^"]* is not supported by millrace`)),
      ])
    },
  )

  it('what is refused is listed with all that is in it', () => {
    const [section = ''] = /^## Refused with all that is in them$[^]*?^## /m.exec(page) ?? []
    const listed = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    const names = [...verdicts].filter(([, verdict]) => verdict === refused)
    const members = names.map(([path]) => path.split('.')[1])
    expect(listed.toSorted()).toEqual([...new Set(members)].toSorted())
  })

  it('the parameters of processors are those that they take', async () => {
    const rig = await openRig(options)
    const { Type: types, Parameters: _ } = firehoseModel.structures['Processor'] ?? {}
    const names = firehoseModel.structures['ProcessorParameter']?.['ParameterName']
    const taken: string[] = []
    for (const type of types?.enum ?? []) {
      for (const name of names?.enum ?? []) {
        const input = processedBy(type, [{ ParameterName: name, ParameterValue: 'x' }])
        const { body } = await callRaw(rig.handler, 'CreateDeliveryStream', input)
        if (!JSON.stringify(body).includes(`Parameter ${name} is not one of`)) taken.push(`${type} ${name}`)
      }
    }
    const rows = tables.find(({ columns }) => columns[0] === 'processor')?.rows ?? []
    const listed = rows.map(({ processor = '', parameter = '' }) => plain(`${processor} ${parameter}`))
    expect(listed.toSorted()).toEqual(taken.toSorted())
  })
})

describe('docs/firehose.md and the library', () => {
  const source = filesBelow('src/firehose')
    .filter(({ path }) => path.endsWith('.ts'))
    .map(({ text }) => withoutComments(text))
    .join('\n')

  /** Of an interface, its own members. */
  function declared(name: string): readonly string[] {
    const [, body = ''] = new RegExp(`^export interface ${name}\\b[^{]*{$([^]*?)^}$`, 'm').exec(source) ?? []
    return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member]) => member ?? '')
  }

  it.each(ofLibrary.map((table) => [table.structures.join(), table] as const))(
    '%s: every option, and no other',
    (_names, { structures, verdicts: rows, repeated }) => {
      const members = new Set(structures.flatMap(declared))
      expect([...rows.keys()].toSorted()).toEqual([...members].toSorted())
      expect(repeated).toEqual([])
    },
  )

  it('names every metric, and every figure beside them', () => {
    const [section = ''] = /^## Metrics$[^]*?^## /m.exec(page) ?? []
    const listed = [...section.matchAll(/`([A-Z][\w.]+)`/g)].map(([, name]) => name)
    const { metrics } = new DeliveryCounters()
    const names = listed.filter((name) => name !== 'Success')
    expect(names.toSorted()).toEqual(Object.keys(metrics).toSorted())
    const figures = declared('DeliveryStats').filter((name) => name !== 'metrics')
    expect(figures.filter((name) => !section.includes(`\`${name}\``))).toEqual([])
  })

  it('names every code that is in the source', () => {
    const { metrics } = new DeliveryCounters()
    const codes = [...source.matchAll(/'([A-Z]\w+\.[A-Z]\w+)'/g)].map(([, code]) => code ?? '')
    const wanted = new Set(codes.filter((code) => !Object.hasOwn(metrics, code)))
    expect(wanted.size).toBeGreaterThan(30)
    expect([...wanted].filter((code) => !page.includes(`\`${code}\``))).toEqual([])
  })

  it('names every type of the error output', () => {
    const [, types = ''] = /export type ErrorOutputType =((?:\s*\| '[\w-]+')+)/.exec(source) ?? []
    const names = [...types.matchAll(/'([\w-]+)'/g)].map(([, type]) => type ?? '')
    expect(names.length).toBeGreaterThan(3)
    expect(names.filter((type) => !page.includes(`\`${type}\``))).toEqual([])
  })
})
