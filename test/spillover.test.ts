import t from 'tap'
import { spillOver } from '../lib/names/spillover.ts'
import type { Load } from '../lib/names/spillover.ts'

const idle: Load = { active: false, available: true, requests: 0 }
const going: Load = { active: false, available: false, requests: 0 }
const active = (requests: number): Load => ({ active: true, available: true, requests })

const table: Array<[title: string, loads: Load[], limit: number, expected: number]> = [
  ['nothing runs: the first', [idle, idle], 1, 0],
  ['a server that goes down is passed over', [going, idle], 1, 1],
  ['all go down: none', [going, going], 1, -1],
  ['one runs and has room', [idle, active(0)], 1, 1],
  ['one runs and is full: the first cold one', [active(1), idle, idle], 1, 1],
  ['with a higher limit it takes more', [active(1), idle], 2, 0],
  ['full ones alone: the least busy', [active(5), active(3)], 1, 1],
  ['full, and the only cold one goes down: the least busy', [active(2), going, active(3)], 1, 0],
  ['the least busy of those with room', [active(2), active(1)], 9, 1]
]
for (const [title, loads, limit, expected] of table) {
  t.test(title, async (t) => t.equal(spillOver(loads, limit, 0), expected))
}

t.test('those that are alike take turns', async (t) => {
  const turns = [0, 1, 2, 3].map((turn) => spillOver([active(1), active(7), active(1)], 9, turn))
  t.strictSame(turns, [0, 2, 0, 2])
})
