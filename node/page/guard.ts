/**
 * Who may read a page that is served here: somebody on this computer, with a browser that means this place. A page elsewhere on the
 * web could otherwise have its own name point here (DNS rebinding) and read along.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { RefusedError } from '../../protocols/core/errors.ts'

/** Nothing from elsewhere, nothing written in the page itself, never within another page. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store'
} as const

/** Why somebody who sends these headers to this port is not answered; undefined: they are. */
export function refusalOf ({ host, 'sec-fetch-site': site, 'sec-fetch-mode': mode }: IncomingHttpHeaders, port: number): RefusedError | undefined {
  const names = ['127.0.0.1', 'localhost', '[::1]'].map(name => `${name}:${port}`)
  if (host === undefined || !names.includes(host)) return new RefusedError('the dashboard answers to the names of this computer only', 'Open it as http://127.0.0.1 with its port; a proxy in front of it has to send that as the Host.')
  // A link from elsewhere may lead here; a page from elsewhere may not look in.
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && mode !== 'navigate') return new RefusedError('the dashboard does not answer to other web pages')
  return undefined
}
