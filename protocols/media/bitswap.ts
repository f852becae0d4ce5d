/**
 * Messages of IPFS's bitswap 1.2.0, as far as somebody needs them who only gives: what a peer wants, and what it gets. Other programs of IPFS speak
 * the same. Law: docs/protocols/media.md, "Capabilities"; the format: https://specs.ipfs.tech/bitswap-protocol/
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { MalformedError } from '../core/errors.ts'

export interface BitswapWant {
  /** Of whatever kind: not each is one of ours. */
  readonly cid: Uint8Array
  /** Only whether it is there. */
  readonly isQuestion: boolean
  /** It is wanted no more. */
  readonly isCancelled: boolean
  /** To be told when it is not there. */
  readonly isAnsweredAnyway: boolean
}

export interface BitswapWantlist {
  /** What was wanted before is not wanted any more. */
  readonly isFull: boolean
  readonly wants: readonly BitswapWant[]
}

/** More than the longest list that others send: their own limit is 1,024. */
const WANTS_MAX = 1_024
const CID_BYTES_MAX = 128
/** Version, codec, kind and length of the hash: how a block says its name, but for the hash that is computed from it. */
const PREFIX_BYTES = 4

const HAVE = 0
const DONT_HAVE = 1

/** What somebody wants of us; blocks that it sends unasked are not looked at. @throws MalformedError */
export function decodeWantlist (bytes: Uint8Array): BitswapWantlist {
  try {
    let isFull = false
    const wants: BitswapWant[] = []
    eachField(bytes, {
      1: list => {
        eachField(list, { 1: entry => { wants.push(wantOf(entry)) } }, { 2: value => { isFull = value !== 0 } })
        if (wants.length > WANTS_MAX) throw new MalformedError('wantlist', `must have at most ${WANTS_MAX} entries`)
      }
    })
    return { isFull, wants }
  } catch (thrown) {
    if (thrown instanceof MalformedError) throw thrown
    throw new MalformedError('wantlist', 'must be a message of bitswap')
  }
}

/** @param cid of version 1, with a hash of 32 bytes */
export function encodeBlock (cid: Uint8Array, data: Uint8Array): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(3, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).bytes(cid.subarray(0, PREFIX_BYTES))
  writer.tag(2, WireType.LengthDelimited).bytes(data)
  return writer.join().finish()
}

export function encodePresences (presences: ReadonlyArray<{ readonly cid: Uint8Array, readonly isThere: boolean }>): Uint8Array {
  const writer = new BinaryWriter()
  for (const { cid, isThere } of presences) {
    writer.tag(4, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).bytes(cid)
    writer.tag(2, WireType.Varint).int32(isThere ? HAVE : DONT_HAVE)
    writer.join()
  }
  return writer.finish()
}

function wantOf (entry: Uint8Array): BitswapWant {
  const want = { cid: new Uint8Array(0), isQuestion: false, isCancelled: false, isAnsweredAnyway: false }
  eachField(entry, { 1: cid => { want.cid = cid.slice() } }, {
    3: value => { want.isCancelled = value !== 0 },
    4: value => { want.isQuestion = value !== 0 },
    5: value => { want.isAnsweredAnyway = value !== 0 }
  })
  if (want.cid.byteLength === 0 || want.cid.byteLength > CID_BYTES_MAX) throw new MalformedError('wantlist', 'must name what is wanted')
  return want
}

type Fields<Value> = Readonly<Record<number, (value: Value) => void>>

/** Fields that are not asked for are passed over. */
function eachField (bytes: Uint8Array, blocks: Fields<Uint8Array>, numbers: Fields<number> = {}): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (wireType === WireType.LengthDelimited) {
      const value = reader.bytes()
      blocks[number]?.(value)
    } else if (wireType === WireType.Varint) {
      const value = Number(reader.uint64())
      numbers[number]?.(value)
    } else {
      reader.skip(wireType)
    }
  }
}
