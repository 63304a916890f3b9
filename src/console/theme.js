/** Light or dark: as the system has it, unless somebody chose. The choice stays in this browser. */

const key = 'millrace-console-theme'
/** @type {readonly string[]} */
const choices = ['auto', 'light', 'dark']

/** What was chosen. */
export function theme() {
  return document.documentElement.dataset['theme'] ?? 'auto'
}

/** Begins with the choice of last time, and follows the system. */
export function beginTheme() {
  setTheme(localStorage.getItem(key) ?? 'auto')
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tell)
}

/** Goes on to the next choice, and answers it. */
export function nextTheme() {
  const next = choices[(choices.indexOf(theme()) + 1) % choices.length] ?? 'auto'
  localStorage.setItem(key, next)
  setTheme(next)
  return next
}

/** @param {string} chosen */
function setTheme(chosen) {
  document.documentElement.dataset['theme'] = choices.includes(chosen) ? chosen : 'auto'
  tell()
}

function tell() {
  document.dispatchEvent(new Event('themechange'))
}

/**
 * A colour of the style sheet as it is now, for what draws by itself.
 *
 * @param {string} name of the custom property
 */
export function colourOf(name) {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
