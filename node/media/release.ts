/** Gives a blob at one of our own relays back: its share of the quota is free again. Law: docs/protocols/media.md, "Transfer" (`release`). */
import { decodeBlobAnswer, encodeBlobRequest } from '../../protocols/media/wire.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { REQUEST_TIMEOUT_MS } from '../../protocols/core/limits.ts'
import type { Clock, Network, PeerTarget } from '../ports.ts'
import { BLOB_PROTOCOL } from '../protocols.ts'

/** Resolves with whether the relay keeps it no longer on our account. @throws UnreachableError */
export async function releaseBlob (root: BlobRoot, target: PeerTarget, { network, clock }: { readonly network: Network, readonly clock: Clock }): Promise<boolean> {
  const answer = Promise.withResolvers<boolean>()
  const channel = await network.openChannel(target, BLOB_PROTOCOL, frames => {
    for (const frame of frames) answer.resolve(decodeBlobAnswer(frame).type === 'released')
  })
  const timer = clock.timer(REQUEST_TIMEOUT_MS, () => { channel.close() })
  void channel.closed.then(() => { answer.reject(new UnreachableError('the relay ended the stream')) })
  try {
    await channel.send([encodeBlobRequest({ type: 'release', root })])
    return await answer.promise
  } finally {
    timer.cancel()
    channel.close()
  }
}
