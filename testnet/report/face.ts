/** Lets others look at a run while it goes on: `skein testnet ps` and `dash` ask for it at the socket in its directory. */
import { once } from 'node:events'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { serveControl } from '../control/server.ts'
import type { Layout } from '../layout.ts'
import type { Testnet } from '../testnet.ts'
import { Recorder, type RunWords } from './recorder.ts'

export interface Watched extends AsyncDisposable { readonly recorder: Recorder }

/** Nobody may do anything to it: what happens in a run is the run's. */
export async function watchRun (testnet: Testnet, words: RunWords, { directory }: Layout): Promise<Watched> {
  const recorder = new Recorder(testnet, words)
  const server = await serveControl(socketPathFor(directory), { status: () => testnet.view(), record: async () => await recorder.now() })
  await recorder.start()
  return {
    recorder,
    [Symbol.asyncDispose]: async () => {
      await recorder.stop()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
