/** Faults in words, the same in a chart, a table and a sentence. */
import { countText } from '../../protocols/core/quantity.ts'
import type { Fault, FaultKind } from './journal.ts'

/** In the order of how hard they are. */
export const KINDS: readonly FaultKind[] = ['died', 'disk lost', 'old disk', 'no power', 'killed', 'disk full', 'standstill', 'cut', 'wrong clock', 'slow', 'router', 'prekeys taken', 'upgraded']

const WORDS: Readonly<Record<FaultKind, { readonly said: string, readonly one: string, readonly many: string }>> = {
  died: { said: 'died by itself', one: 'death by itself', many: 'deaths by themselves' },
  'disk lost': { said: 'killed, disk lost', one: 'disk lost', many: 'disks lost' },
  'old disk': { said: 'old disk restored', one: 'old disk', many: 'old disks' },
  'no power': { said: 'without power', one: 'power cut', many: 'power cuts' },
  'disk full': { said: 'disk full', one: 'full disk', many: 'full disks' },
  killed: { said: 'killed', one: 'kill', many: 'kills' },
  standstill: { said: 'stands still', one: 'standstill', many: 'standstills' },
  cut: { said: 'cut off', one: 'cut', many: 'cuts' },
  'wrong clock': { said: 'clock', one: 'wrong clock', many: 'wrong clocks' },
  slow: { said: 'slow line', one: 'slow line', many: 'slow lines' },
  router: { said: 'router', one: 'other router', many: 'other routers' },
  'prekeys taken': { said: 'prekeys taken', one: 'taking of all prekeys', many: 'takings of all prekeys' },
  upgraded: { said: 'upgraded', one: 'upgrade', many: 'upgrades' }
}

/** `bob killed`, `ana | relay1, relay2`, `carol clock 1 h slow` */
export function faultText (fault: Pick<Fault, 'kind' | 'whom' | 'from' | 'detail'>): string {
  const { kind, detail } = fault
  if (kind === 'cut') return whomText(fault)
  return `${whomText(fault)} ${WORDS[kind].said}${detail === '' ? '' : ` ${detail}`}`
}

/** In a sentence: `ana cut off from relay1, relay2` */
export function faultSentence (fault: Pick<Fault, 'kind' | 'whom' | 'from' | 'detail'>): string {
  return fault.kind === 'cut' ? `${fault.whom.join(', ')} cut off from ${fault.from.join(', ')}` : faultText(fault)
}

export function whomText ({ whom, from }: Pick<Fault, 'whom' | 'from'>): string {
  return from.length === 0 ? whom.join(', ') : `${whom.join(', ')} | ${from.join(', ')}`
}

/** What it was, without whom. */
export function kindText ({ kind, detail }: Pick<Fault, 'kind' | 'detail'>): string { return `${WORDS[kind].said}${detail === '' ? '' : ` ${detail}`}` }

/** `41 kills` */
export function kindCountText (kind: FaultKind, count: number): string { return `${countText(count)} ${count === 1 ? WORDS[kind].one : WORDS[kind].many}` }

/** `2 kills, 1 cut`: what was done to it, in a line. */
export function countsText (counts: Readonly<Partial<Record<FaultKind, number>>>): string {
  const parts = KINDS.flatMap(kind => counts[kind] === undefined ? [] : [kindCountText(kind, counts[kind])])
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
