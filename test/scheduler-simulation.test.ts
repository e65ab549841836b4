// What docs/scheduling.md says of the orders is what they do, and `fair` lets nobody wait beyond the bound.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { waitsAndBounds } from '../bench/scheduler/bound.ts'
import { drawings } from '../bench/scheduler/drawings.ts'
import { embed, page } from '../bench/scheduler/page.ts'
import { scenarios } from '../bench/scheduler/scenarios.ts'
import { simulate } from '../bench/scheduler/simulate.ts'
import { optionsOf, scenarioTable } from '../bench/scheduler/table.ts'
import type { Run } from '../bench/scheduler/simulate.ts'
import type { Workload } from '../bench/scheduler/workload.ts'
import type { RoutingKeys } from '../lib/config/routing/routing.ts'
import type { SchedulerOptions } from '../lib/scheduler/messages.ts'
import { times } from './helper/full.ts'
import { MODELS, optionsFor } from './helper/scheduler-world.ts'
import type { Setting } from './helper/scheduler-world.ts'

const UPDATE = 'to bring it up to date: npm run bench:scheduler -- --write'

t.test('the page holds the table that the bench prints', async (t) => {
  const text = readFileSync(page, 'utf8')
  t.equal(text, embed(text, scenarioTable()), UPDATE)
})

t.test('the pictures are those that the bench draws', async (t) => {
  for (const { file, svg } of drawings()) {
    t.equal(readFileSync(file, 'utf8'), svg, UPDATE)
    t.match(readFileSync(page, 'utf8'), `](${file.slice(file.lastIndexOf('/') + 1)})`)
  }
})

/** The requests that have waited longer than they may. */
function beyond (run: Run, workload: Workload, options: SchedulerOptions): string[] {
  return waitsAndBounds(run, workload, options)
    .filter(({ wait, bound }) => wait > bound)
    .map(({ request, wait, bound }) => `the request for ${request.model} at ${request.arrivedAt} waits ${wait} ms of ${bound} ms`)
}

/** The requests that waited for a load and were not served by it. */
function leftOut ({ requests, lives }: Run): string[] {
  return requests.flatMap(({ model, arrivedAt, grantedAt }) => lives
    .filter((life) => life.model === model && arrivedAt <= life.readyAt && life.readyAt < grantedAt)
    .map(({ readyAt }) => `the request for ${model} at ${arrivedAt} is left out when it is ready at ${readyAt}`))
}

for (const scenario of scenarios) {
  t.test(`nobody waits beyond the bound or is left out of a load: ${scenario.name}`, async (t) => {
    const options = optionsOf(scenario, 'fair')
    const run = simulate(scenario, options)
    t.strictSame([...beyond(run, scenario, options), ...leftOut(run)], [])
  })
}

t.test('the bound can be missed: fifo would', async (t) => {
  const [steady] = scenarios
  const { order } = optionsOf(steady!, 'fair')
  const options = optionsOf(steady!, 'fifo')
  const late = waitsAndBounds(simulate(steady!, options), steady!, { ...options, order }).filter(({ wait, bound }) => wait > bound)
  t.ok(late.length > 0)
  t.strictSame([...new Set(late.map(({ request }) => request.model))], ['B'])
})

const swapping = { x: { members: ['a', 'b'] }, y: { swap: false, exclusive: false, members: ['c', 'd'] } }
const matrix = { vars: { v: 'a' }, evict_costs: { b: 5 }, sets: { one: 'v & (b | c)', two: 'c & d', three: '+two | e' } }
const settings: Record<string, Setting> = {
  'one model at a time': {},
  'one model at a time, idle ones stopped': { ttl: 3000 },
  groups: { routing: { groups: swapping } },
  'groups beside each other': { routing: { groups: { x: { exclusive: false, members: ['a', 'b'] }, y: { exclusive: false, members: ['c', 'd', 'e'] } } } },
  'groups that do not swap': { routing: { groups: { x: { swap: false, members: ['a', 'b'] }, y: { swap: false, members: ['c', 'd', 'e'] } } } },
  'groups that stay': { routing: { groups: { x: { exclusive: false, members: ['a', 'b'] }, y: { swap: false, persistent: true, members: ['c', 'd'] } } } },
  matrix: { routing: { matrix }, ttl: 20_000 }
}

/** Requests of a millisecond each, as `a0 b15`: the model, and when it is asked for. */
function play (routing: RoutingKeys, times: Record<string, { load: number, stop: number }>, arrivals: string): { run: Run, workload: Workload, options: SchedulerOptions } {
  const workload = { models: new Map(Object.entries(times)), arrivals: arrivals.split(' ').map((arrival) => ({ model: arrival[0]!, at: Number(arrival.slice(1)), service: 1 })) }
  const options = optionsFor({ models: Object.keys(times), maxQueue: Infinity, routing: { ...routing, routing: { scheduler: { settings: { fair: { maxWait: 0, minResidency: 0 } } } } } })
  return { run: simulate(workload, options), workload, options }
}

t.test('nobody waits beyond the bound behind the turn of another one: e, if c and a could begin anew beside b and d', async (t) => {
  const times = { a: { load: 4016, stop: 39 }, b: { load: 1491, stop: 53 }, c: { load: 9567, stop: 0 }, d: { load: 15, stop: 94 }, e: { load: 10, stop: 0 } }
  const { run, workload, options } = play({ matrix }, times, 'a0 d0 b0 c4018 a4018 b5658 d5658 e5658 a8902 a10036 a13557 c15279')
  t.strictSame(beyond(run, workload, options), [])
})

t.test('nobody waits beyond the bound for a load that leaves them out: the second and third a, if b closed a while it loads', async (t) => {
  const { run, workload, options } = play({}, { a: { load: 100, stop: 10 }, b: { load: 10, stop: 0 } }, 'a1 b2 a3 b4 a5')
  t.strictSame([...beyond(run, workload, options), ...leftOut(run)], [])
  t.strictSame(run.lives.map(({ model }) => model), ['a', 'b'])
})

t.test('each load serves somebody, also when two models are asked for in the same millisecond', async (t) => {
  const { run, workload, options } = play({}, { a: { load: 100, stop: 10 }, b: { load: 100, stop: 10 } }, 'a0 b0 a50 b150')
  t.strictSame([...beyond(run, workload, options), ...leftOut(run)], [])
  t.strictSame(run.lives.map(({ model }) => model), ['a', 'b'])
})

const model = fc.record({ load: fc.integer({ min: 10, max: 40_000 }), stop: fc.integer({ min: 0, max: 3000 }) })
const arrival = fc.record({
  gap: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 5000 })),
  model: fc.constantFrom(...MODELS),
  service: fc.integer({ min: 1, max: 20_000 }),
  priority: fc.constantFrom(0, 0, 0, 0, 1, 2)
})
const any = fc.record({
  models: fc.array(model, { minLength: MODELS.length, maxLength: MODELS.length }),
  arrivals: fc.array(arrival, { minLength: 1, maxLength: 200, size: 'max' }),
  fair: fc.record({ maxWait: fc.constantFrom(0, 1, 10, 30), minResidency: fc.constantFrom(0, 30) }),
  withPriority: fc.boolean()
})

for (const [name, setting] of Object.entries(settings)) {
  t.test(`nobody waits beyond the bound or is left out of a load, whatever comes: ${name}`, async (t) => {
    fc.assert(fc.property(any, ({ models, arrivals, fair, withPriority }) => {
      let at = 0
      const workload = {
        models: new Map(MODELS.map((name, index) => [name, models[index]!])),
        arrivals: arrivals.map(({ gap, priority, ...arrival }) => {
          at += gap
          return { ...arrival, at, priority: withPriority ? priority : 0 }
        })
      }
      const options = optionsFor({ ...setting, maxQueue: Infinity, routing: { ...setting.routing, routing: { scheduler: { settings: { fair } } } } })
      const run = simulate(workload, options)
      const wrong = [...beyond(run, workload, options), ...leftOut(run)]
      if (wrong.length > 0) throw new Error(wrong.join('\n'))
    }), { numRuns: times(1000) })
    t.pass()
  })
}
