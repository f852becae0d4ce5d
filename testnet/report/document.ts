/** The report as one file that needs nothing else: opened from a disk, sent by mail, kept by a CI system. It runs no script. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PAGE_FOLDER } from '../../node/page/files.ts'
import { html, Markup } from '../../node/page/markup.ts'
import { pageOf } from './page.ts'
import { encodeRecord, type RunRecord } from './record.ts'

const STYLES = ['tokens.css', 'page.css', 'report.css']

export function documentOf (record: RunRecord): string {
  const style = STYLES.map(name => readFileSync(join(PAGE_FOLDER, name), 'utf8')).join('\n')
  const icon = dataOf('image/svg+xml', readFileSync(join(PAGE_FOLDER, 'mark.svg')))
  const head = html`<meta http-equiv="Content-Security-Policy" content="${policyFor(style)}">
<link rel="icon" href="${icon}" type="image/svg+xml">
<style>${new Markup(style)}</style>`
  const aside = html`<nav class="right" aria-label="Raw figures"><a class="btn" download="${fileNameOf(record)}" href="${dataOf('application/json', Buffer.from(encodeRecord(record)))}">JSON</a></nav>`
  return pageOf(record, { head, aside, foot: `Of ${record.begunAt.slice(0, 16).replace('T', ' ')} UTC. This page asks for nothing and runs no script; its figures are within it.` }).html
}

/** Nothing from elsewhere, no script at all, and no style but this one. */
function policyFor (style: string): string {
  return `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`
}

function dataOf (type: string, bytes: Uint8Array): string { return `data:${type};base64,${Buffer.from(bytes).toString('base64')}` }

function fileNameOf ({ name, seed }: RunRecord): string { return `${name.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}${seed === null ? '' : `-${seed}`}.json` }
