import fc from 'fast-check'
import t from 'tap'
import { times } from './helper/full.ts'
import { World, optionsFor } from './helper/scheduler-world.ts'
import type { Setting } from './helper/scheduler-world.ts'

t.setTimeout(600_000)

const groups = { x: { members: ['a', 'b'] }, y: { swap: false, exclusive: false, members: ['c', 'd'] } }
const matrix = { vars: { v: 'a' }, evict_costs: { b: 5 }, sets: { one: 'v & (b | c)', two: 'c & d', three: '+two | e' } }
const settings: Record<string, Setting> = {
  'one model at a time': {},
  'one model at a time, idle ones stopped, few may wait': { ttl: 1000, maxQueue: 6, limit: 3 },
  groups: { routing: { groups } },
  'groups that stay': { routing: { groups: { x: { exclusive: false, members: ['a', 'b'] }, y: { swap: false, persistent: true, members: ['c', 'd'] } } } },
  matrix: { routing: { matrix }, ttl: 20_000 },
  'fifo, groups': { routing: { groups, routing: { scheduler: { use: 'fifo', settings: { fifo: { priority: { b: 3 } } } } } } },
  'fifo, matrix': { routing: { matrix, routing: { scheduler: { use: 'fifo' } } } }
}

/** How many sequences for each setting: 20,000 in all. */
const RUNS = times(Math.ceil(20_000 / Object.keys(settings).length))
const sequence = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 200, size: 'max' })

for (const [name, setting] of Object.entries(settings)) {
  t.test(`any events keep the invariants: ${name}`, async (t) => {
    fc.assert(fc.property(sequence, (choices) => {
      const world = new World(optionsFor(setting))
      try {
        for (const choice of choices) world.step(choice)
        world.settle()
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${world.trace.join('\n')}`)
      }
    }), { numRuns: RUNS })
    t.pass()
  })
}

t.test('invariant 8: the same events have the same effects', async (t) => {
  fc.assert(fc.property(fc.constantFrom(...Object.values(settings)), sequence, (setting, choices) => {
    const traces = [0, 1].map(() => {
      const world = new World(optionsFor(setting))
      for (const choice of choices) world.step(choice)
      return world.trace.join('\n')
    })
    return traces[0] === traces[1]
  }), { numRuns: times(1000) })
  t.pass()
})
