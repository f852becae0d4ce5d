/**
 * One blob on its way here: carries out what protocols/media/fetch-plan.ts decides, checks every block against the tree of the blob, and writes what
 * is right to the disk. What is there already is not asked for again, however this ended the last time. Law: docs/protocols/media.md, "Transfer".
 */
import { fetchBytesPerSecond, fetchDueAtMs, fetchEnd, isMissed, planFetch, stepFetch, type FetchEffect, type FetchEvent, type FetchFailure, type FetchPlan } from '../../protocols/media/fetch-plan.ts'
import type { BlobRefusal } from '../../protocols/media/wire.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { asError, MalformedError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import type { BlobSink } from '../../store/blobs/blob-files.ts'
import type { Clock, Network, PeerTarget, Random, Timer } from '../ports.ts'
import { GetStream } from './get-stream.ts'

export interface DownloadParts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly root: BlobRoot
  readonly readKey: Uint8Array
  readonly blobBytes: number
  readonly sink: BlobSink
  /** The best ones first. */
  readonly holders: readonly PeerTarget[]
  readonly onProgress: (progress: DownloadProgress) => void
}

export interface DownloadProgress { readonly leavesHeld: number, readonly bytesPerSecond: number }

/** `stopped`: by us. */
export type DownloadEnd = { readonly type: 'done' | 'stopped' } | { readonly type: 'failed', readonly code: FetchFailure, readonly isMissed: boolean } | { readonly type: 'fault', readonly fault: StorageError }

interface Stream {
  readonly get: GetStream
  movedBytes: number
  tree: ReturnType<BlobSink['treeReader']> | undefined
  have: Uint8Array
}

/** How often streams are looked at, while any is open: silence must be told from slowness within 5 s. */
const LOOK_MS = 500
const MIN_DELAY_MS = 5

export class Download {
  readonly #parts: DownloadParts
  readonly #targets = new Map<string, PeerTarget>()
  readonly #streams = new Map<string, Stream>()
  readonly #end = Promise.withResolvers<DownloadEnd>()
  #plan: FetchPlan
  #timer: Timer | undefined
  #isOver = false

  constructor (parts: DownloadParts) {
    this.#parts = parts
    const { sink, holders } = parts
    for (const target of holders) this.#targets.set(target.peerId, target)
    this.#plan = planFetch({ leafCount: sink.leafCount, have: Uint8Array.from(sink.have), holders: [...this.#targets.keys()] })
  }

  /** Once. Resolves with how it ended; never rejects for a reason that lies with a holder. */
  async run (): Promise<DownloadEnd> {
    this.#step({ type: 'due' })
    return await this.#end.promise
  }

  /** Somebody else may have it. */
  found (target: PeerTarget): void {
    if (this.#targets.has(target.peerId)) return
    this.#targets.set(target.peerId, target)
    this.#step({ type: 'found', holder: target.peerId })
  }

  stop (): void { this.#finish({ type: 'stopped' }) }

  #step (event: FetchEvent): void {
    if (this.#isOver) return
    const { clock, random, onProgress } = this.#parts
    const nowMs = clock.monotonic()
    const { next, effects } = stepFetch(this.#plan, event, { nowMs, fraction: random.fraction() })
    this.#plan = next
    for (const effect of effects) this.#carryOut(effect)
    if (event.type === 'brought') onProgress({ leavesHeld: next.leafCount - next.missingCount, bytesPerSecond: fetchBytesPerSecond(next) })
    const end = fetchEnd(next)
    if (end === undefined) this.#arm(nowMs)
    else this.#finish(end === 'done' ? { type: 'done' } : { type: 'failed', code: end, isMissed: isMissed(next) })
  }

  #carryOut (effect: FetchEffect): void {
    switch (effect.type) {
      case 'open':
        void this.#open(effect.holder)
        return
      case 'want':
        this.#streams.get(effect.holder)?.get.want(effect.first, effect.count)
        return
      case 'close':
        this.#streams.get(effect.holder)?.get.close()
        this.#streams.delete(effect.holder)
    }
  }

  async #open (holder: string): Promise<void> {
    const { network, root, readKey } = this.#parts
    const target = this.#targets.get(holder)
    if (target === undefined) return
    /** What a stream that was given up still says is about nothing any more. */
    const isCurrent = (): boolean => !this.#isOver && this.#streams.get(holder) === stream
    const stream: Stream = {
      movedBytes: 0,
      tree: undefined,
      have: NOTHING,
      get: new GetStream({
        network,
        target,
        root,
        readKey,
        onOpened: opened => { if (isCurrent()) this.#opened(holder, stream, opened) },
        onNode: async bytes => { if (isCurrent()) await this.#takeNode(holder, stream, bytes) },
        onLeaf: async (index, bytes) => { if (isCurrent()) await this.#takeLeaf(holder, index, bytes) },
        onLacking: index => { if (isCurrent()) this.#lacking(holder, index) },
        onRefused: refusal => { if (isCurrent()) this.#drop(holder, { type: 'closed', holder, ...reasonOf(refusal) }) },
        onClosed: isMalformed => { if (isCurrent()) this.#drop(holder, { type: 'closed', holder, reason: isMalformed ? 'lied' : 'lost' }) }
      })
    }
    this.#streams.set(holder, stream)
    try {
      await stream.get.open()
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      if (isCurrent()) this.#drop(holder, { type: 'closed', holder, reason: 'unreachable' })
    }
  }

  #opened (holder: string, stream: Stream, { blobBytes, have }: { readonly blobBytes: number, readonly have: Uint8Array }): void {
    const { sink } = this.#parts
    if (blobBytes !== this.#parts.blobBytes || have.byteLength !== Math.ceil(sink.leafCount / 8)) return this.#lied(holder)
    stream.have = Uint8Array.from(have)
    if (sink.hasTree) return this.#step({ type: 'opened', holder, have: stream.have })
    stream.tree = sink.treeReader()
    stream.get.wantNodes()
  }

  async #takeNode (holder: string, stream: Stream, bytes: Uint8Array): Promise<void> {
    if (stream.tree === undefined) { this.#lied(holder); return }
    try {
      if (!await stream.tree.take(bytes)) return
    } catch (error) {
      this.#fault(holder, asError(error)); return
    }
    stream.tree = undefined
    this.#step({ type: 'opened', holder, have: stream.have })
  }

  async #takeLeaf (holder: string, index: number, bytes: Uint8Array): Promise<void> {
    if (this.#owed(holder)[0] !== index) { this.#lied(holder); return }
    try {
      await this.#parts.sink.write(index, bytes)
    } catch (error) {
      this.#fault(holder, asError(error)); return
    }
    this.#step({ type: 'brought', holder, index, bytes: bytes.byteLength })
  }

  #lacking (holder: string, index: number): void {
    if (this.#owed(holder)[0] === index) this.#step({ type: 'lacking', holder, index })
    else this.#lied(holder)
  }

  /** What it was asked for and has not brought: it comes in this order. */
  #owed (name: string): readonly number[] {
    const holder = this.#plan.holders.get(name)
    return holder?.at === 'open' ? holder.wanted : []
  }

  #fault (holder: string, error: Error): void {
    if (error instanceof MalformedError) this.#lied(holder)
    else if (error instanceof StorageError) this.#finish({ type: 'fault', fault: error })
    else throw error
  }

  #lied (holder: string): void { this.#drop(holder, { type: 'closed', holder, reason: 'lied' }) }

  #drop (holder: string, event: FetchEvent): void {
    this.#streams.get(holder)?.get.close()
    this.#streams.delete(holder)
    this.#step(event)
  }

  #arm (steppedAtMs: number): void {
    this.#timer?.cancel()
    const { clock } = this.#parts
    const dueAtMs = fetchDueAtMs(this.#plan, steppedAtMs) ?? Infinity
    const delayMs = Math.max(MIN_DELAY_MS, Math.min(this.#streams.size > 0 ? LOOK_MS : Infinity, dueAtMs - clock.monotonic()))
    this.#timer = Number.isFinite(delayMs) ? clock.timer(delayMs, () => { this.#look() }) : undefined
  }

  #look (): void {
    for (const [holder, stream] of this.#streams) {
      const { movedBytes, isWorking } = stream.get
      if (movedBytes > stream.movedBytes || isWorking) this.#step({ type: 'moved', holder })
      stream.movedBytes = movedBytes
    }
    this.#step({ type: 'due' })
  }

  #finish (end: DownloadEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    for (const { get } of this.#streams.values()) get.close()
    this.#streams.clear()
    this.#end.resolve(end)
  }
}

const NOTHING = new Uint8Array(0)

function reasonOf ({ reason, retryAfterMs }: BlobRefusal): Pick<Extract<FetchEvent, { type: 'closed' }>, 'reason' | 'retryAfterMs'> {
  if (reason === 'notFound' || reason === 'badKey' || reason === 'notOffered') return { reason: 'notFound' }
  if (reason === 'busy' || reason === 'rate' || reason === 'capacity') return { reason: 'limited', retryAfterMs }
  return { reason: 'refused' }
}
