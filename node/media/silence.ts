/** Ends a stream on which nothing moves: bytes are looked at, not frames, since a leaf takes a minute on a slow line. */
import type { Channel, Clock, Timer } from '../ports.ts'

/** Looks in the time that silence may last: it is noticed within a quarter more. */
const LOOKS = 4

export function endWhenSilent (channel: Channel, { clock, silentMsMax }: { readonly clock: Clock, readonly silentMsMax: number }): void {
  let movedBytes = channel.movedBytes
  let silentLooks = 0
  let timer: Timer | undefined
  const look = (): void => {
    silentLooks = channel.movedBytes === movedBytes ? silentLooks + 1 : 0
    movedBytes = channel.movedBytes
    if (silentLooks > LOOKS) channel.close()
    else timer = clock.timer(silentMsMax / LOOKS, look)
  }
  timer = clock.timer(silentMsMax / LOOKS, look)
  void channel.closed.then(() => { timer?.cancel() })
}
