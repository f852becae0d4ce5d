/**
 * A real process dies by SIGKILL between any two steps, again and again, with the same account. Whatever it had promised before
 * is kept: nothing lost, nothing twice, one order, no message key used twice. `npm run soak` does the same a thousand times.
 */
import { join } from 'node:path'
import { STEPS, type Step } from '../../node/failpoints.ts'
import { scratchFolder, type Folder } from '../integration/folders.ts'
import { CrashPair } from './pairs.ts'
import { PLANS } from './plans.ts'
import { seeded } from '../../testnet/chance.ts'
import { seedOfThisRun } from './seed.ts'
import { Victims } from './victims.ts'

const KILLS = 20
const POWER_CUTS = 10
/** Before the disk has confirmed, and after the world has heard. */
const POWER_CUT_STEPS: readonly Step[] = ['turn.written', 'send.afterCommit', 'deposit.afterWrite', 'receive.acknowledged']
/** A start takes a second on a busy machine; what hangs is found sooner. */
const TIMEOUT_MS = KILLS * 10_000
/** By then a victim has started, talked and come to rest. */
const LIFE_MS_MAX = 400

describe('a process that is killed', () => {
  const seed = seedOfThisRun()
  const random = seeded(seed)
  let folder: Folder
  let victims: Victims

  before(async () => {
    console.log(`    (CRASH_SEED=${seed} repeats what is chance here)`)
    folder = await scratchFolder()
    victims = await Victims.prepare(join(folder.path, 'compiled'))
  })
  after(async () => {
    await victims[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  for (const step of STEPS) {
    it(`keeps every promise: ${KILLS} times at ${step}`, async function () {
      this.timeout(TIMEOUT_MS)
      const { meet, kill, passes } = PLANS[step]
      await using pair = await meet({ victims, random })
      for (let kills = 0; kills < KILLS; kills++) await kill(pair, { step, n: pair.chance(passes) })
      await pair.settleUp()
    })
  }

  it(`keeps every promise: ${KILLS} times at any time`, async function () {
    this.timeout(TIMEOUT_MS)
    await using pair = await CrashPair.create({ victims, random })
    for (let kills = 0; kills < KILLS; kills++) await pair.killAnyTime(random() * LIFE_MS_MAX)
    await pair.settleUp()
  })

  for (const step of POWER_CUT_STEPS) {
    it(`keeps every promise: ${POWER_CUTS} times without power at ${step}`, async function () {
      this.timeout(TIMEOUT_MS)
      const { meet, kill, passes } = PLANS[step]
      await using pair = await meet({ victims, random, isPowerCut: true })
      for (let kills = 0; kills < POWER_CUTS; kills++) await kill(pair, { step, n: pair.chance(passes) })
      await pair.settleUp()
    })
  }

  it('keeps every promise: again and again while it gets to know somebody', async function () {
    this.timeout(TIMEOUT_MS)
    for (let introductions = 0; introductions < 5; introductions++) {
      await using pair = await CrashPair.strangers({ victims, random })
      for (let kills = 0; kills < 4; kills++) await pair.killIntroducing({ step: anyOf(STEPS), n: pair.chance(3) })
      await pair.settleUp()
    }
  })

  function anyOf (steps: readonly Step[]): Step {
    const step = steps[Math.floor(random() * steps.length)]
    if (step === undefined) throw new Error('there are steps')
    return step
  }
})
