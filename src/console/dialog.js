import { el } from './element.js'

/**
 * @typedef {object} DialogPlan
 * @property {string} title
 * @property {readonly (Node | string)[]} content
 * @property {string} [submit] what the button says that does it; without one there is nothing to do
 * @property {boolean} [danger]
 * @property {(form: HTMLFormElement) => Promise<void>} [onSubmit] what it throws is shown, and the dialog
 *   stays
 */

/**
 * Opens a dialog: the focus is held in it, Escape closes it, and it returns to where it was.
 *
 * @param {DialogPlan} plan
 */
export function openDialog({ title, content, submit, danger, onSubmit }) {
  const wrong = el('p', { class: 'wrong', role: 'alert' })
  const button = submit && el('button', { class: danger ? 'danger' : 'primary', type: 'submit' }, submit)
  const close = el(
    'button',
    { type: 'button', on: { click: () => dialog.close() } },
    submit ? 'Cancel' : 'Close',
  )
  const form = el(
    'form',
    { on: { submit: (event) => void send(event) } },
    el('h2', { id: 'dialog-title' }, title),
    ...content,
    wrong,
    el('div', { class: 'dialog-buttons' }, close, button),
  )
  const dialog = el(
    'dialog',
    { 'aria-labelledby': 'dialog-title', on: { close: () => dialog.remove() } },
    form,
  )
  document.body.append(dialog)
  dialog.showModal()

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault()
    if (onSubmit === undefined || !button) return
    button.disabled = true
    wrong.textContent = ''
    try {
      await onSubmit(form)
      dialog.close()
    } catch (error) {
      wrong.textContent = error instanceof Error ? error.message : String(error)
      button.disabled = false
    }
  }
  return dialog
}

/**
 * A labelled control.
 *
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string | false} [hint]
 */
export function field(label, control, hint) {
  return el(
    'label',
    { class: 'field' },
    el('span', { class: 'label' }, label),
    control,
    hint && el('small', {}, hint),
  )
}

/**
 * What stands in a control of a form.
 *
 * @param {HTMLFormElement} form
 * @param {string} name
 */
export function valueOf(form, name) {
  return String(new FormData(form).get(name) ?? '')
}
