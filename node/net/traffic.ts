/**
 * What goes over the streams of a connection that has no yamux: WebRTC brings its own streams, and tells late or never that the
 * other side is gone. docs/protocols/transport.md, "Liveness".
 */
import type { Stream, StreamMuxer, StreamMuxerFactory, Upgrader, UpgraderOptions, MultiaddrConnection } from '@libp2p/interface'
import type { Clock } from '../ports.ts'
import { variantOf } from './host.ts'
import { PING, PULSE } from './ping.ts'

export interface Traffic {
  /** When anything arrived last. */
  heardAtMonotonicMs: number
  /** When something was sent first that nothing came back after. */
  unansweredSinceMonotonicMs: number | undefined
  /** When anything else than a pulse went either way. */
  usedAtMonotonicMs: number
}

/** The same upgrader; what it upgrades is counted, by the peer that it leads to. */
export function counting (upgrader: Upgrader, { clock, onConnection }: { readonly clock: Clock, readonly onConnection: (peerId: string, traffic: Traffic) => void }): Upgrader {
  const counted = (options: UpgraderOptions): UpgraderOptions => {
    const traffic: Traffic = { heardAtMonotonicMs: clock.monotonic(), unansweredSinceMonotonicMs: undefined, usedAtMonotonicMs: clock.monotonic() }
    if (options.muxerFactory === undefined) return options
    if ('remotePeer' in options) onConnection(String(options.remotePeer), traffic)
    return { ...options, muxerFactory: countingFactory(options.muxerFactory, traffic, clock) }
  }
  return variantOf(upgrader, {
    upgradeInbound: (transport: MultiaddrConnection, options: UpgraderOptions) => upgrader.upgradeInbound(transport, counted(options)),
    upgradeOutbound: (transport: MultiaddrConnection, options: UpgraderOptions) => upgrader.upgradeOutbound(transport, counted(options))
  })
}

function countingFactory (factory: StreamMuxerFactory, traffic: Traffic, clock: Clock): StreamMuxerFactory {
  const watch = (stream: Stream): void => {
    stream.addEventListener('message', () => {
      traffic.heardAtMonotonicMs = clock.monotonic()
      traffic.unansweredSinceMonotonicMs = undefined
      if (stream.protocol !== PULSE.id) traffic.usedAtMonotonicMs = traffic.heardAtMonotonicMs
    })
    const send = stream.send.bind(stream)
    stream.send = bytes => {
      // What is not negotiated yet is followed by more; a pulse is no news, or both sides would ask about each other's for ever.
      if (stream.protocol !== '' && stream.protocol !== PULSE.id && stream.protocol !== PING.id) {
        traffic.usedAtMonotonicMs = clock.monotonic()
        traffic.unansweredSinceMonotonicMs ??= traffic.usedAtMonotonicMs
      }
      return send(bytes)
    }
  }
  return {
    protocol: factory.protocol,
    createStreamMuxer: connection => {
      const muxer = factory.createStreamMuxer(connection)
      watchOutbound(muxer, watch)
      watchInbound(muxer, watch)
      return muxer
    }
  }
}

function watchOutbound (muxer: StreamMuxer, watch: (stream: Stream) => void): void {
  const createStream = muxer.createStream.bind(muxer)
  muxer.createStream = async options => {
    const stream = await createStream(options)
    watch(stream)
    return stream
  }
}

/** Streams that came early go to the first listener and to no other: so it is the one of libp2p, with eyes. */
function watchInbound (muxer: StreamMuxer, watch: (stream: Stream) => void): void {
  const addEventListener = muxer.addEventListener.bind(muxer)
  muxer.addEventListener = (type: string, listener: unknown, options?: unknown) => {
    const seeing = type !== 'stream' || typeof listener !== 'function'
      ? listener
      : (event: CustomEvent<Stream>) => {
          watch(event.detail)
          Reflect.apply(listener, muxer, [event])
        }
    Reflect.apply(addEventListener, muxer, [type, seeing, options])
  }
}
