import { plain } from './plain-text.js';

/**
 * What a part of the page should be, and how it becomes that: what is there already stays, with its focus, its selection and
 * where it is scrolled to. Text is only ever text, and what cannot be seen in it shows.
 *
 * @typedef {object} Part
 * @property {string} tag
 * @property {Record<string, unknown>} props attributes; `on...` are listeners, `style` holds properties by name
 * @property {(Part | string)[]} children
 */

const svg = 'http://www.w3.org/2000/svg';
const drawn = new Set(['svg', 'g', 'path', 'title', 'polyline']);

/**
 * @typedef {Part | string | false | undefined} Child
 * @param {string} tag
 * @param {Record<string, unknown>} props `key` tells it from its neighbours
 * @param {...(Child | Child[])} children
 * @returns {Part}
 */
export function h(tag, props, ...children) {
  const all = children.flat().filter((child) => child !== undefined && child !== false);
  return { tag, props, children: /** @type {(Part | string)[]} */ (all) };
}

/** @type {WeakMap<Node, Record<string, unknown>>} */
const given = new WeakMap();

/**
 * @param {Element} parent
 * @param {readonly Child[]} children
 */
export function render(parent, children) {
  const wanted = children.filter((child) => child !== undefined && child !== false);
  /** @type {Map<string, Element>} */
  const known = new Map();
  const keys = new Set(wanted.map((child) => typeof child !== 'string' && child.props.key));
  // What leaves goes first, so that nothing else has to move.
  for (const child of [...parent.children]) {
    const key = given.get(child)?.key;
    if (key === undefined) continue;
    if (keys.has(key)) known.set(String(key), child);
    else child.remove();
  }
  /** @type {ChildNode | null} */
  let next = parent.firstChild;
  for (const child of wanted) {
    const node = placed(child, next, known);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
  while (next) {
    const after = next.nextSibling;
    next.remove();
    next = after;
  }
}

/**
 * The node of a child: one that is there, changed, or a new one.
 * @param {Part | string} child
 * @param {ChildNode | null} next
 * @param {Map<string, Element>} known
 * @returns {ChildNode}
 */
function placed(child, next, known) {
  if (typeof child === 'string') {
    const text = plain(child);
    if (next?.nodeType !== 3) return document.createTextNode(text);
    if (next.nodeValue !== text) next.nodeValue = text;
    return next;
  }
  const { tag, props, children } = child;
  const same = (/** @type {Node | null | undefined} */ node) =>
    node instanceof Element && node.localName === tag && given.get(node)?.key === props.key;
  const old = props.key === undefined ? next : known.get(String(props.key));
  const node = /** @type {HTMLElement} */ (
    same(old) ? old : drawn.has(tag) ? document.createElementNS(svg, tag) : document.createElement(tag)
  );
  change(node, given.get(node) ?? {}, props);
  render(node, children);
  return node;
}

/**
 * @param {HTMLElement} node
 * @param {Record<string, unknown>} before
 * @param {Record<string, unknown>} after
 */
function change(node, before, after) {
  given.set(node, after);
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const value = after[name];
    if (name === 'key') continue;
    if (name.startsWith('on')) Object.assign(node, { [name]: value ?? null });
    else if (name === 'style') {
      for (const [property, text] of Object.entries(value ?? {})) node.style.setProperty(property, text);
    } else if (value === before[name]) continue;
    else if (value === undefined || value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? '' : plain(String(value)));
  }
}

/**
 * An element of index.html.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function find(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} with the id ${id}`);
  return found;
}
