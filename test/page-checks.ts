/** What a page is asked in a browser: expressions that are evaluated in it. */
import { readFileSync } from 'node:fs'

/** Settles at the next change of the document at which `condition`, an expression, holds. */
export function changeUntil (condition: string): string {
  return `new Promise(resolve => {
    const look = () => { if (${condition}) { observer.disconnect(); resolve(true) } }
    const observer = new MutationObserver(look)
    observer.observe(document.documentElement, { subtree: true, childList: true, characterData: true, attributes: true })
    look()
  })`
}

/** Elements that stick out, except within what may be scrolled. */
export const STICKING_OUT = `[...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && element.closest('.wide') === null)
  .map(element => element.tagName + ' ' + element.textContent.slice(0, 40))`

/** Texts with less contrast to their ground than WCAG 2.2, 1.4.3 asks for. */
export const FAINT = `[...document.querySelectorAll('h1, h2, p, th, td, small, b, summary, a, footer, text, code, span, dt, dd, li')]
  .filter(element => element.checkVisibility() && [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim() !== ''))
  .filter(element => {
    const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    const luminance = colour => { const [red, green, blue] = colour.match(/[\\d.]+/g).map(part => linear(part / 255)); return 0.2126 * red + 0.7152 * green + 0.0722 * blue }
    const groundOf = from => { for (let at = from; at; at = at.parentElement) { const colour = getComputedStyle(at).backgroundColor; if (!/, 0\\)$/.test(colour)) return colour } return 'rgb(255, 255, 255)' }
    const style = getComputedStyle(element)
    // A name within a shape stands on the shape before it.
    const shape = element.classList.contains('in') ? element.previousElementSibling : null
    const [ink, ground] = [luminance(element instanceof SVGElement ? style.fill : style.color), luminance(shape ? getComputedStyle(shape).fill : groundOf(element))]
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < 4.5
  })
  .map(element => element.tagName + ' ' + element.textContent.trim().slice(0, 40))`

/**
 * What axe-core finds that is serious or worse. It is no package of ours: AXE_CORE names its axe.min.js. undefined: it does not.
 * https://github.com/dequelabs/axe-core
 */
export function axeScript (): string | undefined {
  const path = process.env['AXE_CORE']
  return path === undefined ? undefined : `${readFileSync(path, 'utf8')};1`
}

export const AXE_FINDINGS = `axe.run(document).then(({ violations, passes }) => passes.length === 0
  ? ['axe-core has looked at nothing']
  : violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes.map(({ target }) => target.join(' ')).join('; ')))`
