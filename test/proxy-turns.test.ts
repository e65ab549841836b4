import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Turns } from '../lib/proxy/turns.ts'

const fail = (error: Error): never => { throw error }

t.test('of many tasks each turn of the event loop gets a few, in their order', async (t) => {
  const turns = new Turns()
  const done: number[] = []
  for (let task = 0; task < 100; task++) turns.run(() => done.push(task), fail)
  const shares: number[] = []
  for (let before = 0; done.length > before;) {
    shares.push(done.length - before)
    before = done.length
    await turn()
  }
  t.strictSame(done, Array.from({ length: 100 }, (_, task) => task))
  t.strictSame(shares, [...Array.from({ length: 12 }, () => 8), 4])
})

t.test('one that comes later does not overtake those that wait, and in a new turn it runs at once', async (t) => {
  const turns = new Turns()
  const done: string[] = []
  for (let task = 0; task < 16; task++) turns.run(() => done.push('first'), fail)
  await turn()
  turns.run(() => done.push('later'), fail)
  t.equal(done.length, 16, 'the share of this turn is used up')
  await turn()
  t.equal(done.at(-1), 'later')
  await turn()
  turns.run(() => done.push('at once'), fail)
  t.equal(done.at(-1), 'at once')
})

t.test('one that throws does not keep the others from their turn', async (t) => {
  const turns = new Turns()
  const seen: string[] = []
  for (let task = 0; task < 20; task++) turns.run(() => { throw new Error(`task ${task}`) }, ({ message }) => seen.push(message))
  while (seen.length < 20) await turn()
  t.strictSame(seen, Array.from({ length: 20 }, (_, task) => `task ${task}`))
})
