/** The blobs on our disk, as those who move them need them. */
import type { BlobRoot } from '../../protocols/media/root.ts'
import type { DownloadSink } from './download.ts'
import type { PutSource } from './put-stream.ts'
import type { ServedBlob } from './serve.ts'

export interface LocalBlobs {
  /** To be read, as far as it is here; undefined: nothing is. */
  read: (root: BlobRoot) => Promise<(PutSource & ServedBlob) | undefined>
  /** To be written; what is there already stays. @throws StorageError */
  write: (root: BlobRoot, blobBytes: number) => Promise<DownloadSink & { readonly close: () => Promise<void> }>
  /** Its files. Nothing happens when there are none. @throws StorageError */
  remove: (root: BlobRoot) => Promise<void>
}
