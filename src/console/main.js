import { openDialog } from './dialog.js'
import { el, refill, setText } from './element.js'
import { StreamView, parts } from './stream-view.js'
import { StreamsView } from './streams-view.js'
import { beginTheme, nextTheme, theme } from './theme.js'

/** What the keys do, outside of fields. */
const shortcuts = [
  ['/', 'filter the streams'],
  ['c', 'create a stream'],
  ['u', 'back to all streams'],
  ['1 2 3', 'shards, records, consumers of the stream'],
  ['p', 'put a record into the stream'],
  ['Space', 'pause the records, or go on'],
  ['← → ↑ ↓', 'move in the picture of shards and in the list of records'],
  ['t', 'light, dark, or as the system has it'],
  ['?', 'this list'],
  ['Esc', 'close a dialog'],
]

const main = /** @type {HTMLElement} */ (document.getElementById('main'))
const state = /** @type {HTMLElement} */ (document.getElementById('state'))
const themeButton = /** @type {HTMLElement} */ (document.getElementById('theme'))
/** @type {StreamsView | StreamView | undefined} */
let view

beginTheme()
showTheme()
route()
window.addEventListener('hashchange', route)
document.addEventListener('keydown', onKey)
themeButton.addEventListener('click', changeTheme)
document.getElementById('help')?.addEventListener('click', help)
document.getElementById('skip')?.addEventListener('click', (event) => {
  // The address says which view it is: a link within the page would change it.
  event.preventDefault()
  main.focus()
})

/** Shows the view that the address names. */
function route() {
  const first = view === undefined
  view?.destroy()
  const [, account, region, name, part = 'shards', shardId = ''] =
    /^#\/streams\/(\d{12})\/([a-z0-9-]+)\/([a-zA-Z0-9_.-]+)(?:\/([a-z]+))?(?:\/(shardId-\d+))?$/.exec(
      location.hash,
    ) ?? []
  view =
    account !== undefined && region !== undefined && name !== undefined && parts.includes(part)
      ? new StreamView({ account, region, name }, part, shardId, showState)
      : new StreamsView(showState)
  document.title = `${view.title} · millrace`
  refill(main, view.element)
  // Screen readers hear which view came; a page that has just been opened is read from its beginning.
  if (!first) document.getElementById('view-title')?.focus()
}

/**
 * @param {string} now
 * @param {string} why
 */
function showState(now, why) {
  /** @type {Readonly<Record<string, string>>} */
  const words = { connecting: 'connecting', live: 'live', lost: 'no answer, trying again', failed: 'refused' }
  state.dataset['state'] = now
  setText(state, words[now] ?? now)
  state.title = why
}

function changeTheme() {
  nextTheme()
  showTheme()
}

function showTheme() {
  setText(themeButton, `Theme: ${theme()}`)
}

function help() {
  openDialog({
    title: 'Keys',
    content: [
      el(
        'dl',
        { class: 'keys' },
        ...shortcuts.flatMap(([keys, what]) => [el('dt', {}, el('kbd', {}, keys)), el('dd', {}, what)]),
      ),
    ],
  })
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  if (document.querySelector('dialog[open]') !== null || isTyped(event)) return
  const action = actionOf(event.key)
  if (action === undefined) return
  event.preventDefault()
  action()
}

/**
 * Whether the key belongs to what has the focus.
 *
 * @param {KeyboardEvent} event
 */
function isTyped({ target, key }) {
  if (!(target instanceof HTMLElement)) return false
  if (target.matches('input, textarea, select')) return true
  return key === ' ' && target.matches('button, a, summary')
}

/**
 * @param {string} key
 * @returns {(() => void) | undefined}
 */
function actionOf(key) {
  const now = view
  if (key === '?') return help
  if (key === 't') return changeTheme
  if (now instanceof StreamsView) {
    if (key === '/') return () => now.focusFilter()
    return key === 'c' ? () => now.create() : undefined
  }
  if (!(now instanceof StreamView)) return undefined
  if (key === 'u') return () => (location.hash = '#/')
  if (key === 'p') return () => now.put()
  if (key === ' ') return () => now.togglePause()
  return /^[1-3]$/.test(key) ? () => now.go(Number(key) - 1) : undefined
}
