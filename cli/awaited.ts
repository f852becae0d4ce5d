/** What a command can wait for, in the order of a message's life. */
export const AWAITED = ['queued', 'stored', 'delivered', 'read'] as const
export type Awaited = typeof AWAITED[number]
