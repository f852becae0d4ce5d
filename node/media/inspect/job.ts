/** What the inspector and its child say to each other. */
import type { Inspection, StripResult } from './inspection.ts'

export type Job =
  | { readonly do: 'inspect', readonly path: string, readonly memoryBytesMax: number }
  | { readonly do: 'strip', readonly path: string, readonly outPath: string, readonly memoryBytesMax: number }

/** First what it is, and how large a picture is: that is known even if looking closer is the end of the process. */
export type Report =
  | { readonly is: 'seen', readonly type: string, readonly width: number, readonly height: number }
  | { readonly is: 'inspection', readonly inspection: Inspection }
  | { readonly is: 'stripped', readonly result: StripResult }
  | { readonly is: 'fault', readonly message: string }

/** How the child ends when it has taken more memory than it may. */
export const EXIT_MEMORY = 77

/** The type of what has none that we know. */
export const UNKNOWN = 'application/octet-stream'
