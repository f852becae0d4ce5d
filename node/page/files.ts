/** What a page that is served here consists of besides itself: look and liveliness, the same for the relay's dashboard and a testnet's. */
import { join } from 'node:path'

export const PAGE_FOLDER = join(import.meta.dirname, '..', '..', 'web', 'page')

/** With their types. */
export const PAGE_FILES = {
  'tokens.css': 'text/css; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'mark.svg': 'image/svg+xml'
} as const
