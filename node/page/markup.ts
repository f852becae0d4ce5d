/** HTML as text, in which everything is escaped that was not written here. */

/** Text that is HTML already. */
export class Markup {
  readonly html: string
  constructor (html: string) { this.html = html }
}

export type Part = Markup | string | number | undefined | readonly Part[]

/** html`<p>${text}</p>`: what is filled in is escaped, unless it is Markup; lists are joined, undefined is nothing. */
export function html (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(texts.map((text, index) => `${text}${rendered(parts[index])}`).join(''))
}

function rendered (part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.html
  if (typeof part === 'object') return part.map(rendered).join('')
  return String(part).replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
