/** What a command can wait for, in the order of a message's life. */
export const AWAITED = ['queued', 'stored', 'delivered', 'read'] as const
/** What completion offers. */
export const GOALS: readonly string[] = ['queued', 'stored', 'stored:1', 'stored:2', 'stored:3', 'delivered', 'read']
export type Awaited = typeof AWAITED[number]

/** As people write it: a state, and of copies how many, as in `stored:2`. */
export interface Goal { readonly state: Awaited, readonly copies: number | undefined }

/** undefined: it is no goal. */
export function parseGoal (text: string): Goal | undefined {
  const [name, count, more] = text.split(':')
  const state = AWAITED.find(known => known === name)
  if (state === undefined || more !== undefined) return undefined
  if (count === undefined) return { state, copies: undefined }
  return state === 'stored' && /^[1-5]$/.test(count) ? { state, copies: Number(count) } : undefined
}

export function goalText ({ state, copies }: Goal): string { return copies === undefined ? state : `${state}:${copies}` }
