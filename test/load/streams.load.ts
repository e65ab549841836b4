import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { createRandom } from '../soak/helper/random.ts'
import type { Random } from '../soak/helper/random.ts'
import { ask } from './helper/ask.ts'
import type { Outcome } from './helper/ask.ts'
import { startGateway } from './helper/gateway.ts'
import type { Gateway } from './helper/gateway.ts'
import { askInVain, longNames, manyKeys } from './helper/large-requests.ts'
import { checkLoopDelay, report } from './helper/report.ts'
import { part, seed } from './helper/settings.ts'
import { settled } from './helper/settled.ts'
import { twoRounds } from './helper/two-rounds.ts'

const CLIENTS = 500
const SECONDS = 60 * part
const SWAP_EVERY = 5000
const LEAVING = 30
// Between two events of a stream; it has 5 to 24 of them, so that a swap has something to wait for, and still gets its turn within the 5 s.
const EVERY = 100
// A million keys and a name of a megabyte in turn.
const LARGE_EVERY = 1000

const models = ['a', 'b'] as const
const large = { a: manyKeys('a'), b: manyKeys('b') }
let nextId = 0

t.test(`${CLIENTS} streams with swaps and clients that leave`, { skip: process.platform !== 'linux', timeout: 400_000 }, async (t) => {
  report(`LOAD_SEED=${seed}`)
  const random = createRandom(seed)
  // Bodies for `a` go on as they are; those for `b` are edited, and its clients are told how the load goes.
  const gateway = await startGateway(t, { a: {}, b: { useModelName: 'b.gguf', sendLoadingState: true, filters: { stripParams: 'top_k', setParams: { temperature: 0.5 } } } }, {
    routing: { scheduler: { use: 'fair', settings: { fair: { maxQueue: 2 * CLIENTS } } } }
  })
  // All that is made once.
  await round(t, gateway, random, 2, 'before')
  await twoRounds(t, gateway, (name) => round(t, gateway, random, SECONDS, name))
})

/** All clients ask again and again until it is over. Ends when all have their answers and no server runs. */
async function round (t: Test, gateway: Gateway, random: Random, seconds: number, name: string): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const outcomes = new Map<string, Outcome>()
  const wrong: string[] = []
  const loadsBefore = await gateway.call('loads')
  const swaps = Math.max(1, Math.floor(seconds * 1000 / SWAP_EVERY))
  const since = performance.now()
  const end = since + seconds * 1000
  let current = 0
  let inVain = 0

  async function one (body?: Buffer): Promise<void> {
    const model = models[current % 2]!
    const id = String(nextId++)
    const events = 5 + random.below(20)
    const leaving = random.below(100) < LEAVING
    const whole = body ?? Buffer.from(JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'x'.repeat(random.below(2000)) }] }))
    outcomes.set(id, await ask(gateway.url, agent, {
      id,
      model,
      body: whole,
      ...leaving && random.below(5) === 0 && { sent: random.below(whole.length) },
      received: model === 'a' ? whole.length : undefined,
      events,
      every: EVERY,
      leaves: leaving ? random.below(events * EVERY) : undefined
    }))
  }
  async function client (): Promise<void> {
    while (performance.now() < end) await one()
  }
  async function largeOnes (): Promise<void> {
    const asked: Promise<unknown>[] = []
    for (let turn = 0; performance.now() < end; turn++) {
      if (turn % 2 === 0) asked.push(one(large[models[current % 2]!]))
      else {
        inVain++
        asked.push(askInVain(gateway.url, agent, longNames[turn % longNames.length]!).then((what) => { if (what !== undefined) wrong.push(what) }))
      }
      await delay(LARGE_EVERY)
    }
    await Promise.all(asked)
  }

  await gateway.call('restartLoopDelay')
  const clients = [...Array.from({ length: CLIENTS }, client), largeOnes()]
  for (; current + 1 < swaps && performance.now() < end; current++) {
    await delay(SWAP_EVERY)
    // On a machine that is busy with other things a swap may take longer.
    while (await gateway.call('loads') - loadsBefore <= current && performance.now() < end) await delay(100)
  }
  await Promise.all(clients)
  const took = (performance.now() - since) / 1000
  // Before that its code is not compiled yet.
  if (name !== 'before') await checkLoopDelay(t, gateway, name)
  agent.destroy()
  await settled(gateway)
  await gateway.call('unload')

  const all = [...outcomes.values()]
  const left = all.filter((outcome) => outcome.kind === 'left')
  const events = all.reduce((sum, outcome) => sum + (outcome.kind === 'wrong' ? 0 : outcome.events), 0)
  const loads = await gateway.call('loads') - loadsBefore
  const phases = (['sending', 'waiting', 'streaming'] as const).map((phase) => `${left.filter((outcome) => outcome.phase === phase).length} ${phase}`)
  report(`${name}: ${all.length} requests in ${took.toFixed(1)} s, ${left.length} left (${phases.join(', ')}), ${events} events, ${inVain} names of a megabyte, ${loads} loads`)
  for (const outcome of all) if (outcome.kind === 'wrong') wrong.push(outcome.what)
  t.strictSame(wrong.slice(0, 20), [], `${name}: no answer is lost, doubled or cut`)
  t.ok(loads >= current, `${name}: each swap took place`)
  checkServed(t, gateway, outcomes, name)
}

/** The servers have seen each request once at most, and each that was answered to its end. */
function checkServed (t: Test, gateway: Gateway, outcomes: ReadonlyMap<string, Outcome>, name: string): void {
  const served = gateway.served()
  const wrong = [...outcomes].flatMap(([id, { kind }]) => {
    const seen = served.get(id)?.join(', ')
    const fine = kind === 'complete' ? seen === 'came, served' : kind === 'left' ? [undefined, 'came, cut', 'came, served'].includes(seen) : true
    return fine ? [] : [`request ${id}, ${kind}: ${seen}`]
  })
  t.strictSame(wrong.slice(0, 20), [], `${name}: each request was sent once, and none was worked on for longer than its client was there`)
}
