import { decodeWantlist } from '../../../protocols/media/bitswap.ts'
import { blobRoot } from '../../../protocols/media/root.ts'
import { decodeBlobAnswer, decodeBlobRequest, encodeBlobAnswer, encodeBlobRequest } from '../../../protocols/media/wire.ts'
import { takeNode } from '../../fuzz/media.fuzz.ts'
import { describeVectors } from '../core/vectors.ts'

describeVectors('media', {
  BlobRequest: { decode: decodeBlobRequest, recode: bytes => encodeBlobRequest(decodeBlobRequest(bytes)) },
  BlobAnswer: { decode: decodeBlobAnswer, recode: bytes => encodeBlobAnswer(decodeBlobAnswer(bytes)) },
  BlobRoot: { decode: blobRoot, recode: bytes => blobRoot(bytes) },
  'node of a tree': { decode: takeNode, recode: bytes => bytes },
  'bitswap wantlist': { decode: decodeWantlist, recode: bytes => bytes }
})
