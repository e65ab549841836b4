import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../helper/app.ts'
import { createRandom } from '../soak/helper/random.ts'
import type { Random } from '../soak/helper/random.ts'
import { ask } from './helper/ask.ts'
import type { Phase } from './helper/ask.ts'
import { startGateway } from './helper/gateway.ts'
import type { Gateway } from './helper/gateway.ts'
import { checkLoopDelay, report } from './helper/report.ts'
import { part, seed } from './helper/settings.ts'
import { settled } from './helper/settled.ts'
import { twoRounds } from './helper/two-rounds.ts'

const REQUESTS = Math.ceil(10_000 * part)
const CLIENTS = 100
// By then a stream has begun, also on a busy machine.
const LONGEST = 300

let nextId = 0

t.test(`${REQUESTS} requests whose clients leave, twice`, { skip: process.platform !== 'linux', timeout: 400_000 }, async (t) => {
  report(`LOAD_SEED=${seed}`)
  const random = createRandom(seed)
  // Whoever asks for `never` waits for ever.
  const gateway = await startGateway(t, { a: {}, never: { never: true } }, {
    healthCheckTimeout: 3600,
    routing: { router: { settings: { groups: { all: { swap: false, exclusive: false, members: ['a', 'never'] } } } } }
  })
  await round(t, gateway, random, 200, 'before')
  await twoRounds(t, gateway, (name) => round(t, gateway, random, REQUESTS, name))
})

/** So many requests, each aborted; then nothing is held for them, and no server works for them any more. */
async function round (t: Test, gateway: Gateway, random: Random, requests: number, name: string): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const phases: Record<Phase, number> = { sending: 0, waiting: 0, streaming: 0 }
  const wrong: string[] = []
  const ids: string[] = []

  async function client (): Promise<void> {
    while (ids.length < requests) {
      const id = String(nextId++)
      ids.push(id)
      const model = random.below(5) === 0 ? 'never' : 'a'
      const body = Buffer.from(JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'x'.repeat(random.below(20_000)) }] }))
      const outcome = await ask(gateway.url, agent, {
        id, model, body, ...random.below(4) === 0 && { sent: random.below(body.length) }, events: 1_000_000, every: 5, leaves: random.below(LONGEST)
      })
      if (outcome.kind === 'left') phases[outcome.phase]++
      else wrong.push(outcome.kind === 'wrong' ? outcome.what : `request ${id} was answered`)
    }
  }

  await gateway.call('load', 'a')
  await gateway.call('restartLoopDelay')
  const since = performance.now()
  await Promise.all(Array.from({ length: CLIENTS }, client))
  report(`${name}: ${ids.length} requests left in ${((performance.now() - since) / 1000).toFixed(1)} s: ${Object.entries(phases).map(([phase, count]) => `${count} ${phase}`).join(', ')}`)
  if (name !== 'before') await checkLoopDelay(t, gateway, name)
  agent.destroy()

  t.strictSame(wrong.slice(0, 20), [], `${name}: none was answered or refused`)
  await settled(gateway)
  t.pass(`${name}: none holds a server or a place in the queue`)
  // While the server still runs: it is the gateway that has told it.
  await until(async () => {
    await delay(100)
    const served = gateway.served()
    return ids.every((id) => [undefined, 'came, cut'].includes(served.get(id)?.join(', ')))
  })
  t.pass(`${name}: the server works for none`)
  await gateway.call('unload')
}
