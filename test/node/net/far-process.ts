/** A node in a process of its own, for tests that stop or kill it. Tells its target, then serves channels and requests. */
import { ASK, TALK, newNetwork, targetOf } from './neighbours.ts'

const network = newNetwork({ listen: [process.argv[2] ?? ''] })
network.serveChannel(TALK, channel => async frames => { await channel.send(frames) })
network.serveRequest(ASK, request => Promise.resolve(request))
await network.start()
process.send?.(targetOf(network))
// Ends with the test, however that ends.
process.on('disconnect', () => { process.exit() })
