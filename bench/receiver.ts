/** The other side of a measurement, in a process of its own: `count` people who take whatever comes. */
import { indexed, makePerson, type Person } from './people.ts'

const people: Person[] = []

process.on('message', (message: { readonly ask: 'start', readonly count: number } | { readonly ask: 'indexed' } | { readonly ask: 'cpu' } | { readonly ask: 'stop' }) => {
  void answer(message)
})

async function answer (message: { readonly ask: string, readonly count?: number }): Promise<void> {
  switch (message.ask) {
    case 'start':
      for (let index = 0; index < (message.count ?? 1); index++) people.push(await makePerson(`receiver ${index}`))
      process.send?.({ links: await Promise.all(people.map(({ node }) => node.invite())) })
      return
    case 'indexed':
      for (const { node } of people) await indexed(node)
      process.send?.({ indexed: true })
      return
    case 'cpu':
      process.send?.({ cpuUs: process.cpuUsage() })
      return
    case 'stop':
      for (const person of people) await person[Symbol.asyncDispose]()
      process.disconnect()
  }
}
