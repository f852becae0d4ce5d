/**
 * Opens seals beside the main thread. A backlog of ten thousand envelopes is half a second of X25519; opened here, the ratchet works on
 * the last ones meanwhile. The thread starts with a backlog and ends after it: nobody else pays for it.
 * This file is also the thread's own program: the door to HPKE is one.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { LibSignalErrorBase, PrivateKey } from '@signalapp/libsignal-client'
import { fromString } from 'uint8arrays'
import { asError } from '../../protocols/core/errors.ts'
import { InvariantError } from '../../protocols/core/invariant.ts'
import type { Timer } from '../ports.ts'
import { realClock } from '../world.ts'
import { owned } from './boundary.ts'

/** HPKE's info: what is sealed with it opens as nothing else (docs/protocols/envelope.md, "Sealed form"). */
export const ENVELOPE_INFO = owned(fromString('skein/envelope/v1'))

/** Whom seals are made for. */
export interface SealedFor {
  /** Private key of the identity, serialised. */
  readonly privateKey: Uint8Array<ArrayBuffer>
  /** Device id. */
  readonly device: Uint8Array<ArrayBuffer>
}

type Opened = ReadonlyArray<Uint8Array | undefined>
/** Marks a thread as ours: this file may be loaded in others, too. */
const PROGRAM = 'skein-opener'
interface Batch { readonly sealed: readonly Uint8Array[], readonly resolve: (opened: Opened) => void, readonly reject: (error: Error) => void }

/** So few are opened at once, in less time than it takes to ask somebody else. */
const AT_ONCE_MAX = 24
/** The thread ends when it had nothing to do for so long. */
const IDLE_MS = 5_000

export class Opener {
  readonly #for: SealedFor
  readonly #key: PrivateKey
  readonly #batches: Batch[] = []
  #worker: Worker | undefined
  /** It has loaded and takes work: that takes a quarter of a second, and a backlog does not wait for it. */
  #isReady = false
  #idle: Timer | undefined

  constructor (sealedFor: SealedFor) {
    this.#for = sealedFor
    this.#key = PrivateKey.deserialize(sealedFor.privateKey)
  }

  /** `undefined` for each that was not sealed to us or was changed on the way. */
  openNow (sealed: Uint8Array): Uint8Array | undefined { return openOne(sealed, this.#key, this.#for.device) }

  /** The same for many, in their order. */
  async open (sealed: readonly Uint8Array[]): Promise<Opened> {
    const isSmall = sealed.length <= AT_ONCE_MAX
    if (!isSmall) this.#worker ??= this.#start()
    const worker = this.#worker
    if (worker === undefined || !this.#isReady || (isSmall && this.#batches.length === 0)) return sealed.map(one => this.openNow(one))
    this.#idle?.cancel()
    return await new Promise((resolve, reject) => {
      this.#batches.push({ sealed, resolve, reject })
      worker.postMessage(sealed)
    })
  }

  #start (): Worker {
    const worker = new Worker(new URL(import.meta.url), { workerData: { program: PROGRAM, ...this.#for } })
    worker.unref()
    worker.on('message', (message: 'ready' | Opened) => {
      if (message === 'ready') this.#isReady = true
      else this.#batches.shift()?.resolve(message)
      if (this.#batches.length === 0) this.#endWhenIdle(worker)
    })
    worker.on('error', (error: unknown) => this.#fail(worker, asError(error)))
    worker.on('exit', () => this.#fail(worker, new InvariantError('broken invariant: a thread ends when it is told to')))
    return worker
  }

  #endWhenIdle (worker: Worker): void {
    this.#idle?.cancel()
    this.#idle = realClock.timer(IDLE_MS, () => {
      this.#forget(worker)
      void worker.terminate()
    })
  }

  #forget (worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#isReady = false
  }

  /** What it had is opened here: a thread that could not start, for want of memory perhaps, must not lose anything. */
  #fail (worker: Worker, error: Error): void {
    this.#forget(worker)
    for (const { sealed, resolve, reject } of this.#batches.splice(0)) {
      try {
        resolve(sealed.map(one => this.openNow(one)))
      } catch {
        reject(error)
      }
    }
  }
}

function openOne (sealed: Uint8Array, key: PrivateKey, device: Uint8Array<ArrayBuffer>): Uint8Array | undefined {
  try {
    return key.open(owned(sealed), ENVELOPE_INFO, device)
  } catch (thrown) {
    if (thrown instanceof LibSignalErrorBase) return undefined
    throw thrown
  }
}

function serve (port: MessagePort, { privateKey, device }: SealedFor): void {
  const key = PrivateKey.deserialize(privateKey)
  port.on('message', (batch: readonly Uint8Array[]) => { port.postMessage(batch.map(sealed => openOne(sealed, key, device))) })
  port.postMessage('ready')
}

const task = workerData as (SealedFor & { readonly program?: string }) | null
if (parentPort !== null && task?.program === PROGRAM) serve(parentPort, task)
