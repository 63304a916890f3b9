import { el } from './element.js'

/** How long a notice stays, milliseconds. */
const stayMs = 6000

/**
 * Says something that is over, where screen readers hear it.
 *
 * @param {string} text
 * @param {'done' | 'wrong'} [kind]
 */
export function notice(text, kind = 'done') {
  const place = document.getElementById('notices')
  const shown = el('p', { class: `notice ${kind}` }, text)
  place?.append(shown)
  while (place !== null && place.childElementCount > 4) place.firstElementChild?.remove()
  setTimeout(() => shown.remove(), stayMs)
}
