/**
 * Elements, made without markup: whatever text comes in stays text. The page's policy forbids `innerHTML` and
 * its like altogether; this is the only way to an element here.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */
/**
 * @typedef {{ readonly on?: Readonly<Record<string, (event: any) => void>> } &
 *   Readonly<Record<string, unknown>>} Attributes
 */

const svgSpace = 'http://www.w3.org/2000/svg'

/**
 * An element of HTML. `true` is an attribute without a value, `false`, `null` and `undefined` are none.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes] and under `on` what listens to which event
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  fill(element, attributes, children)
  return element
}

/**
 * An element of SVG.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = /** @type {SVGElementTagNameMap[Tag]} */ (document.createElementNS(svgSpace, tag))
  fill(element, attributes, children)
  return element
}

/**
 * A button that does something and sends nothing.
 *
 * @param {string} text
 * @param {() => void} click
 * @param {Attributes} [attributes]
 */
export function button(text, click, attributes = {}) {
  return el('button', { type: 'button', ...attributes, on: { click } }, text)
}

/**
 * Sets the text of a node, unless it has it: what did not change costs nothing.
 *
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/**
 * Puts these children in the place of those that are there.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function refill(parent, ...children) {
  parent.replaceChildren(...present(children))
}

/**
 * @param {Element} element
 * @param {Attributes} attributes
 * @param {readonly Child[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') {
      for (const [type, listener] of Object.entries(attributes.on ?? {}))
        element.addEventListener(type, listener)
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? '' : String(value))
    }
  }
  element.append(...present(children))
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
function present(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return []
    return [typeof child === 'number' ? String(child) : child]
  })
}
