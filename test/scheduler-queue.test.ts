import fc from 'fast-check'
import t from 'tap'
import { Queue } from '../lib/scheduler/queue.ts'
import type { Waiter } from '../lib/scheduler/queue.ts'

const waiter = (ticket: number, model: string, priority = 0): Waiter => ({ ticket, model, key: -priority, since: 0, cause: 'request' })
const kind = (model: string): string => model === 'c' ? 'other' : 'same'
const models = (queue: Queue): string[] => queue.lines.map(({ model }) => model)
const tickets = (waiters: Iterable<Waiter>): number[] => [...waiters].map(({ ticket }) => ticket)

function queueOf (...waiters: Waiter[]): Queue {
  const queue = new Queue(kind)
  for (const waiter of waiters) queue.add(waiter)
  return queue
}

t.test('first come first served, within each model and among the models', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b'), waiter(3, 'a'), waiter(4, 'c'))
  t.equal(queue.size, 4)
  t.strictSame(tickets(queue.of('a')), [1, 3])
  t.strictSame(models(queue), ['a', 'b', 'c'])
  t.strictSame([1, 2, 3, 4].map((ticket) => queue.position(ticket)), [1, 2, 3, 4])
})

t.test('a higher priority goes first, within each model and among the models', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b', 5), waiter(3, 'a', 1), waiter(4, 'a', 5), waiter(5, 'a', 1), waiter(6, 'c', -1))
  t.strictSame(tickets(queue.of('a')), [4, 3, 5, 1])
  t.strictSame(models(queue), ['b', 'a', 'c'])
  t.strictSame([1, 2, 3, 4, 5, 6].map((ticket) => queue.position(ticket)), [5, 1, 3, 2, 4, 6])
})

t.test('who leaves is gone, and the others move up', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b'), waiter(3, 'a'))
  t.equal(queue.remove(1)?.model, 'a')
  t.equal(queue.remove(1), undefined)
  t.equal(queue.position(1), 0)
  t.strictSame(models(queue), ['b', 'a'])
  t.strictSame([2, 3].map((ticket) => queue.position(ticket)), [1, 2])
  queue.remove(3)
  t.strictSame(models(queue), ['b'])
  t.strictSame(queue.of('a'), [])
  queue.remove(2)
  t.equal(queue.size, 0)
  t.strictSame(models(queue), [])
})

t.test('a model nobody waits for, a ticket nobody has', async (t) => {
  const queue = new Queue(kind)
  t.strictSame(queue.of('a'), [])
  t.equal(queue.position(1), 0)
  t.equal(queue.remove(1), undefined)
  t.strictSame([...queue.all()], [])
})

t.test('a whole line leaves; classes count those that have lines', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b'), waiter(3, 'a'), waiter(4, 'c'))
  t.equal(queue.kinds, 2)
  t.strictSame(tickets(queue.removeAll('a')), [1, 3])
  t.strictSame([queue.size, queue.kinds, models(queue)], [2, 2, ['b', 'c']])
  t.strictSame(tickets(queue.removeAll('a')), [])
  queue.remove(4)
  t.equal(queue.kinds, 1)
  queue.reclassify((model) => model)
  queue.add(waiter(5, 'c', 1))
  t.strictSame([queue.size, queue.kinds, models(queue)], [2, 2, ['c', 'b']])
})

t.test('any additions and removals: the same as one sorted list', async (t) => {
  const step = fc.oneof(
    fc.record({ add: fc.constantFrom('a', 'b', 'c'), priority: fc.integer({ min: -1, max: 2 }) }),
    fc.record({ remove: fc.nat(40) })
  )
  fc.assert(fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    const queue = new Queue(kind)
    let list: Waiter[] = []
    let next = 1
    for (const step of steps) {
      if ('add' in step) {
        const added = waiter(next++, step.add, step.priority)
        queue.add(added)
        list.push(added)
      } else {
        t.equal(queue.remove(step.remove), list.find(({ ticket }) => ticket === step.remove))
        list = list.filter(({ ticket }) => ticket !== step.remove)
      }
      list.sort((a, b) => a.key - b.key || a.ticket - b.ticket)
      t.equal(queue.size, list.length)
      t.strictSame(models(queue), [...new Set(list.map(({ model }) => model))])
      t.equal(queue.kinds, new Set(list.map(({ model }) => kind(model))).size)
      for (const model of ['a', 'b', 'c']) t.strictSame(tickets(queue.of(model)), tickets(list.filter((waiter) => waiter.model === model)))
      t.strictSame(list.map(({ ticket }) => queue.position(ticket)), list.map((_, index) => index + 1))
      t.strictSame(new Set(tickets(queue.all())), new Set(tickets(list)))
    }
  }), { numRuns: 40 })
})
