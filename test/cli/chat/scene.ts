/** The conversations of the mock, and some that are harder: long names, Arabic, many unread. */
import { contact, FakeNode, ME, message, NOW_MS } from './fake-node.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export function scene (): FakeNode {
  const node = new FakeNode()
  const bob = contact('Bob Okonkwo', { isVerified: true })
  const pier = message(bob, 'From the pier this morning', { atMs: NOW_MS - 31 * MINUTE_MS, reactions: [{ from: ME, emoji: '♥' }, { from: bob.account, emoji: '♥' }] })
  node.addContact(bob, [
    message(bob, 'Are we still on for Saturday? The ferry goes at 08:40 and again at 11:15.', { atMs: NOW_MS - DAY_MS + 339 * MINUTE_MS }),
    message(bob, '08:40. I will bring the tickets', { isOwn: true, state: 'read', edited: true, atMs: NOW_MS - DAY_MS + 341 * MINUTE_MS }),
    message(bob, '', { deleted: true, atMs: NOW_MS - DAY_MS + 342 * MINUTE_MS }),
    pier,
    message(bob, 'Greylags, about sixty of them', { isOwn: true, state: 'read', replyTo: pier.id, atMs: NOW_MS - 23 * MINUTE_MS }),
    message(bob, 'Can you send me the route? The one along the shore', { state: 'unread', atMs: NOW_MS - 17 * MINUTE_MS }),
    message(bob, 'And bring gloves', { state: 'unread', isAfterGap: true, atMs: NOW_MS - 15 * MINUTE_MS })
  ])
  node.addContact(contact('Wolfeschlegelsteinhausenbergerdorff Hubert Blaine the Second', { isConnected: true }), [])
  const leila = contact('ليلى حداد', { isConnected: true })
  node.addContact(leila, [message(leila, 'مرحبا، كيف حالك؟', { atMs: NOW_MS - 113 * MINUTE_MS })])
  const dmitri = contact('Dmitri Sorokin')
  node.addContact(dmitri, Array.from({ length: 300 }, (_, index) => message(dmitri, `Note ${index + 1} about the harbour`, { state: index < 172 ? 'read' : 'unread', atMs: NOW_MS - 2 * DAY_MS + index * MINUTE_MS })))
  const mum = contact('Mum')
  node.addContact(mum, [message(mum, 'Call me when you can', { atMs: NOW_MS - 3 * DAY_MS }), message(mum, 'I will, on Sunday', { isOwn: true, state: 'failed', reason: 'The text is over the limit of Mum\'s node.', atMs: NOW_MS - 2 * DAY_MS })])
  const eve = contact('Eve Moreau', { isKeyChanged: true })
  node.addContact(eve, [message(eve, 'See you', { atMs: NOW_MS - 40 * DAY_MS })])
  node.addRequest('Carol', 'Hello, we met at the regatta.\u001b[2J\u202eevil')
  node.addRequest('Mallory', '')
  node.outboxOpen = 3
  return node
}

/** A node with one conversation of numbered messages. */
export function conversationOf (count: number, unread = 0): FakeNode {
  const node = new FakeNode()
  const bob = contact('Bob')
  node.addContact(bob, Array.from({ length: count }, (_, index) => message(bob, `Note ${index + 1}`, { state: index >= count - unread ? 'unread' : 'read', atMs: NOW_MS - (count - index) * MINUTE_MS })))
  return node
}
