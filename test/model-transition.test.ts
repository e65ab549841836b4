import t from 'tap'
import { transition, transitions } from '../lib/model/transition.ts'
import type { Transition } from '../lib/model/transition.ts'
import type { ModelState } from '../index.ts'

const states = Object.keys(transitions) as ModelState[]
const events: Transition[] = ['ensureReady', 'placed', 'ready', 'exit', 'deadline', 'launchError', 'stop', 'unkillable', 'gone', 'shutdown']

// design.md section 4, row by row; `stopping -> stopped` is two steps, and `any, shutdown` is a stop followed by `stopped, shutdown`.
const table: Array<[from: ModelState, event: Transition, to: ModelState]> = [
  ['stopped', 'ensureReady', 'starting'],
  ['queued', 'placed', 'starting'],
  ['queued', 'exit', 'stopping'],
  ['queued', 'deadline', 'stopping'],
  ['queued', 'launchError', 'stopping'],
  ['queued', 'stop', 'stopping'],
  ['starting', 'ready', 'ready'],
  ['starting', 'exit', 'stopping'],
  ['starting', 'deadline', 'stopping'],
  ['starting', 'launchError', 'stopping'],
  ['starting', 'stop', 'stopping'],
  ['ready', 'stop', 'stopping'],
  ['ready', 'exit', 'stopping'],
  ['stopping', 'gone', 'stopped'],
  ['stopping', 'unkillable', 'stuck'],
  ['stuck', 'gone', 'stopped'],
  ['stopped', 'shutdown', 'shutdown']
]

for (const [from, event, to] of table) {
  t.test(`${from}, ${event}: ${to}`, async (t) => t.equal(transition(from, event), to))
}

for (const from of states) {
  const illegal = events.filter((event) => !table.some((row) => row[0] === from && row[1] === event))
  t.test(`${from}: ${illegal.join(', ')} are errors`, async (t) => {
    for (const event of illegal) t.throws(() => transition(from, event), { message: `illegal transition: ${event} while ${from}` })
  })
}

t.test('the table has no other states or events, and cannot be changed', async (t) => {
  t.strictSame([...states].sort(), ['queued', 'ready', 'shutdown', 'starting', 'stopped', 'stopping', 'stuck'])
  for (const row of Object.values(transitions)) for (const event of Object.keys(row)) t.ok(events.includes(event as Transition), event)
  t.ok(Object.isFrozen(transitions))
})

t.test('every state is left for shutdown in the end', async (t) => {
  for (const from of states) {
    const reached = new Set<ModelState>([from])
    for (const state of reached) for (const to of Object.values(transitions[state])) reached.add(to)
    t.ok(reached.has('shutdown'), from)
  }
  t.strictSame(transitions.shutdown, {})
})
