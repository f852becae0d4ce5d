/**
 * Keeps a page of figures live: its server sends the parts that have changed, at most once a second, and every second the page says
 * how old its figures are. What it says when they grow old stands in `data-late` of one of its parts. What somebody has opened stays open, and the focus stays where it is.
 */

/** Figures of this age are marked as old: new ones come every second. */
const LATE_MS = 5_000

const age = document.querySelector('#age')
/** On the browser's own clock, which may differ from the server's. */
let heardAtMs = performance.now()

function showAge () {
  const seconds = Math.floor((performance.now() - heardAtMs) / 1_000)
  // Empty: they are meant to be old, or that is said already.
  const late = document.querySelector('[data-late]')?.dataset.late ?? ''
  const isLate = late !== '' && seconds * 1_000 >= LATE_MS
  age.classList.toggle('late', isLate)
  age.textContent = `${isLate ? `${late} ` : ''}Figures are ${seconds} s old`
}

/** Puts new HTML in place of a part, and back what its reader had done to it. */
function replace (part, html) {
  const open = [...part.querySelectorAll('details[open]')].map(details => details.id)
  const focused = part.contains(document.activeElement) ? placeOf(part, document.activeElement) : -1
  const scrolled = [...part.querySelectorAll('.wide')].map(element => element.scrollLeft)
  part.innerHTML = html
  for (const id of open) part.querySelector(`#${id}`)?.setAttribute('open', '')
  for (const [index, element] of part.querySelectorAll('.wide').entries()) element.scrollLeft = scrolled[index] ?? 0
  if (focused >= 0) focusable(part)[focused]?.focus()
}

function focusable (part) {
  return [...part.querySelectorAll('summary, a, button, [tabindex]')]
}

function placeOf (part, element) {
  return focusable(part).indexOf(element)
}

const events = new window.EventSource('/live')
events.addEventListener('message', ({ data }) => {
  const { parts, ageMs = 0 } = JSON.parse(data)
  for (const [id, html] of Object.entries(parts)) {
    const part = document.getElementById(id)
    if (part !== null) replace(part, html)
  }
  heardAtMs = performance.now() - ageMs
  showAge()
})
setInterval(showAge, 1_000)
showAge()
