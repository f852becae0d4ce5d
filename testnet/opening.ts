/** Brings a testnet up: homes where there are none, processes, and everybody at their relays. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { RefusedError } from '../protocols/core/errors.ts'
import { contactsOfUsers, relaysOfUsers } from './acquaintances.ts'
import type { Place } from './cable/kinds.ts'
import { releaseDisks } from './disks/disks.ts'
import type { Host } from './host.ts'
import { makeRelay, makeUsers } from './homes/homes.ts'
import type { Layout } from './layout.ts'
import { meet, settleIn } from './meeting.ts'
import type { Member } from './member.ts'
import { encodePlan, type Kind, type Plan } from './plan.ts'
import { REAL_TIME } from './time.ts'

export interface Opening {
  readonly plan: Plan
  readonly layout: Layout
  readonly members: readonly Member[]
  readonly hosts: readonly Host[]
  readonly placeOf: (name: string) => Place
  /** Starts a process and the nodes in it. */
  readonly start: (host: Host) => Promise<void>
  readonly interrupted: AbortSignal
  /** A line for whoever waits. */
  readonly tell: (text: string) => void
}

/** At a time: a start takes half a second of a core. */
const STARTS_AT_ONCE = 4

/** Relays first, whom users need. @throws SkeinError when a node does not start */
export async function open (opening: Opening): Promise<void> {
  const { plan, layout, members } = opening
  const isNew = !existsSync(layout.planFile)
  for (const { name, skewMs } of isNew ? plan.nodes : []) if (skewMs !== undefined) members.find(member => member.name === name)?.skew(skewMs)
  if (isNew && hasPublishedKeys(plan)) await openNew(opening)
  else await openAgain(opening)
  await settleIn(members)
  if (!isNew) writeFileSync(layout.draftFile, encodePlan(plan))
  renameSync(layout.draftFile, layout.planFile)
}

/** Processes of another version make their homes themselves: a newer database would be none to them. */
export function hasPublishedKeys ({ nodes }: Plan): boolean { return nodes.every(({ release }) => release === undefined) }

/** Before disks are mounted: what an attempt left that was cut short was used by nobody. @throws RefusedError when it is nothing of ours */
export function prepare ({ plan, layout }: Pick<Opening, 'plan' | 'layout'>): void {
  if (existsSync(layout.planFile)) return
  releaseDisks(layout)
  const places = [...plan.nodes.map(({ name }) => layout.homeOf(name)), layout.disks]
  const stray = places.find(place => existsSync(place))
  if (stray !== undefined && !existsSync(layout.draftFile)) throw new RefusedError(`${stray} is there, but ${layout.directory} holds no testnet`, 'Nothing was changed. Choose another directory with --dir.')
  for (const place of places) rmSync(place, { recursive: true, force: true })
  writeFileSync(layout.draftFile, encodePlan(plan))
}

/** The homes of users are made while relays start, and finished when it is known where those are. */
async function openNew (opening: Opening): Promise<void> {
  const { plan, layout, members, placeOf } = opening
  for (const node of plan.nodes) if (node.kind === 'relay') makeRelay(node, { layout, seed: plan.seed })
  const relaysUp = startAll('relay', opening)
  const addressOf = async (name: string): Promise<string> => {
    await relaysUp
    return members.find(member => member.name === name)?.address ?? ''
  }
  await Promise.all([relaysUp, makeUsers(plan, { layout, placeOf, addressOf })])
  await startAll('user', opening)
}

/** As it was; who has lost a home meanwhile is somebody new. */
async function openAgain (opening: Opening): Promise<void> {
  const { plan, members } = opening
  for (const kind of ['relay', 'user'] as const) {
    for (const member of members) if (member.kind === kind) await member.init()
    await startAll(kind, opening)
  }
  if (!hasPublishedKeys(plan)) await meet(members, REAL_TIME, { relays: relaysOfUsers(plan), contacts: contactsOfUsers(plan) })
}

async function startAll (kind: Kind, { hosts, members, start, interrupted, tell }: Opening): Promise<void> {
  const waiting = hosts.filter(({ nodes }) => nodes.some(node => node.kind === kind))
  await Promise.all(Array.from({ length: STARTS_AT_ONCE }, async () => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
      interrupted.throwIfAborted()
      try {
        await start(host)
      } catch (error) {
        // Nobody else begins when one has failed.
        waiting.length = 0
        throw error
      }
      for (const member of members) if (member.host === host) tell(`${member.name.padEnd(10)} ${kind.padEnd(5)}  process ${host.pid ?? 0}  ${member.address ?? ''}`)
    }
  }))
}
