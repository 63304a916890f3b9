import { act, ask } from './api.js'
import { field, openDialog, valueOf } from './dialog.js'
import { el } from './element.js'
import { notice } from './notices.js'
import { middleOf, neighbourOf } from './shard-layout.js'

/** @typedef {import('./api.js').Target} Target */
/** @typedef {import('./shard-layout.js').ShardView} ShardView */

/** Asks for a new stream, in the account and region of the server unless others are named. */
export async function askCreate() {
  const own = await (await ask('/session')).json()
  const name = el('input', {
    name: 'name',
    required: true,
    maxlength: 128,
    pattern: '[a-zA-Z0-9_.\\-]+',
    autocomplete: 'off',
  })
  const mode = el(
    'select',
    { name: 'mode' },
    el('option', { value: 'PROVISIONED' }, 'Provisioned'),
    el('option', { value: 'ON_DEMAND' }, 'On demand'),
  )
  const shards = el('input', {
    name: 'shards',
    type: 'number',
    min: 1,
    max: 10_000,
    value: 1,
    required: true,
  })
  mode.addEventListener('change', () => {
    shards.disabled = mode.value === 'ON_DEMAND'
  })
  openDialog({
    title: 'Create a stream',
    submit: 'Create',
    content: [
      field('Name', name, 'Letters, digits, underscore, full stop, hyphen'),
      el('div', { class: 'columns' }, field('Mode', mode), field('Shards', shards)),
      field(
        'Retention, hours',
        el('input', { name: 'retention', type: 'number', min: 24, max: 8760, value: 24, required: true }),
      ),
      el(
        'div',
        { class: 'columns' },
        field(
          'Account',
          el('input', { name: 'account', value: own.account, pattern: '\\d{12}', required: true }),
        ),
        field(
          'Region',
          el('input', { name: 'region', value: own.region, pattern: '[a-z0-9\\-]+', required: true }),
        ),
      ),
    ],
    async onSubmit(form) {
      const target = {
        account: valueOf(form, 'account'),
        region: valueOf(form, 'region'),
        name: valueOf(form, 'name'),
      }
      const onDemand = valueOf(form, 'mode') === 'ON_DEMAND'
      await act(target, 'create', {
        mode: valueOf(form, 'mode'),
        retentionHours: Number(valueOf(form, 'retention')),
        ...(onDemand ? {} : { shards: Number(valueOf(form, 'shards')) }),
      })
      notice(`Created ${target.name}`)
    },
  })
}

/**
 * @param {Target} target
 * @param {boolean} keyless whether keys do not count: none is asked for
 */
export function askPut(target, keyless) {
  openDialog({
    title: `Put a record into ${target.name}`,
    submit: 'Put',
    content: [
      field(
        'Partition key',
        el('input', { name: 'key', required: !keyless, maxlength: 256, autocomplete: 'off' }),
        keyless && 'May be left out: records go to the shards in turn, whatever their keys',
      ),
      field(
        'Explicit hash key',
        el('input', { name: 'hash', pattern: '\\d{1,39}', autocomplete: 'off', placeholder: 'none' }),
        'Decimal; puts the record into the shard that has it, whatever the partition key',
      ),
      field(
        'Data is',
        el(
          'select',
          { name: 'encoding' },
          el('option', { value: 'utf8' }, 'Text'),
          el('option', { value: 'base64' }, 'Base64'),
        ),
      ),
      field('Data', el('textarea', { name: 'data', rows: 8, class: 'mono', spellcheck: 'false' })),
    ],
    async onSubmit(form) {
      const key = valueOf(form, 'key')
      const hash = valueOf(form, 'hash')
      // Forms write their line ends as mail does.
      const data = valueOf(form, 'data').replaceAll('\r\n', '\n')
      const stored = await act(target, 'put', {
        ...(key === '' ? {} : { partitionKey: key }),
        data,
        encoding: valueOf(form, 'encoding'),
        ...(hash === '' ? {} : { explicitHashKey: hash }),
      })
      notice(`Stored in ${stored.shardId} as ${stored.sequenceNumber}`)
    },
  })
}

/**
 * @param {Target} target
 * @param {ShardView} shard
 */
export function askSplit(target, shard) {
  openDialog({
    title: `Split ${shard.shardId}`,
    submit: 'Split',
    content: [
      el('p', {}, 'Two shards take its place: the upper one begins at this hash key. Half is proposed.'),
      field(
        'New starting hash key',
        el('input', {
          name: 'hash',
          class: 'mono',
          value: middleOf(shard),
          pattern: '\\d{1,39}',
          required: true,
        }),
        `Above ${shard.startingHashKey}, below ${shard.endingHashKey}`,
      ),
    ],
    async onSubmit(form) {
      const { shards } = await act(target, 'split', {
        shardId: shard.shardId,
        newStartingHashKey: valueOf(form, 'hash'),
      })
      notice(`Split into ${shards.join(' and ')}`)
    },
  })
}

/**
 * @param {Target} target
 * @param {ShardView} shard
 * @param {readonly ShardView[]} shards
 */
export function askMerge(target, shard, shards) {
  const next = neighbourOf(shard, shards)
  if (next === undefined) {
    notice(`${shard.shardId} has no open neighbour above it`, 'wrong')
    return
  }
  openDialog({
    title: `Merge ${shard.shardId}`,
    submit: 'Merge',
    content: [
      el('p', {}, `One shard takes the place of this one and of ${next.shardId}, whose hash keys follow.`),
    ],
    async onSubmit() {
      const merged = await act(target, 'merge', { shardId: shard.shardId, adjacentShardId: next.shardId })
      notice(`Merged into ${merged.shards.join()}`)
    },
  })
}

/**
 * @param {Target} target
 * @param {number} openShards
 */
export function askShardCount(target, openShards) {
  openDialog({
    title: `Number of shards of ${target.name}`,
    submit: 'Update',
    content: [
      el(
        'p',
        {},
        `There are ${openShards} open shards: at least half and at most twice as many are allowed.`,
      ),
      field(
        'Open shards',
        el('input', {
          name: 'target',
          type: 'number',
          min: Math.ceil(openShards / 2),
          max: openShards * 2,
          value: openShards,
          required: true,
        }),
      ),
    ],
    async onSubmit(form) {
      const done = await act(target, 'shard-count', { target: Number(valueOf(form, 'target')) })
      notice(`${target.name} has ${done.openShards} open shards`)
    },
  })
}

/**
 * @param {Target} target
 * @param {number} consumers registered ones
 */
export function askDelete(target, consumers) {
  const typed = el('input', { name: 'confirm', autocomplete: 'off', spellcheck: 'false', required: true })
  const dialog = openDialog({
    title: `Delete ${target.name}`,
    submit: 'Delete for good',
    danger: true,
    content: [
      el('p', {}, 'The stream goes with all records that it holds. Nobody can bring them back.'),
      field(`Type ${target.name} to confirm`, typed),
      consumers > 0 &&
        el(
          'label',
          { class: 'check' },
          el('input', { name: 'consumers', type: 'checkbox' }),
          ` Also deregister its ${consumers} consumer${consumers === 1 ? '' : 's'}`,
        ),
    ].filter((part) => part !== false),
    async onSubmit(form) {
      await act(target, 'delete', {
        confirm: valueOf(form, 'confirm'),
        ...(valueOf(form, 'consumers') === 'on' ? { withConsumers: true } : {}),
      })
      notice(`Deleted ${target.name}`)
      location.hash = '#/'
    },
  })
  const button = dialog.querySelector('button[type=submit]')
  const look = () => button?.toggleAttribute('disabled', typed.value !== target.name)
  typed.addEventListener('input', look)
  look()
}
