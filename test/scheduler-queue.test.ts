import fc from 'fast-check'
import t from 'tap'
import { Queue } from '../lib/scheduler/queue.ts'
import type { Waiter } from '../lib/scheduler/queue.ts'

const waiter = (ticket: number, model: string, priority = 0): Waiter => ({ ticket, model, key: -priority, since: 0, cause: 'request' })
const tickets = (waiters: Iterable<Waiter>): number[] => [...waiters].map(({ ticket }) => ticket)
const heads = (queue: Queue<string>): string[] => queue.heads.map(({ model }) => model)
const lines = (queue: Queue<string>): string[] => queue.lines.map(({ model }) => model)
/** `a1` and `a2` are of the class `a`. */
const kindOf = (model: string): string => model[0]!

function queueOf (...waiters: Waiter[]): Queue<string> {
  const queue = new Queue(kindOf)
  for (const waiter of waiters) queue.add(waiter)
  return queue
}

t.test('first come first served, within each model and among the models', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b'), waiter(3, 'a'), waiter(4, 'c'))
  t.equal(queue.size, 4)
  t.strictSame(tickets(queue.of('a')), [1, 3])
  t.strictSame(lines(queue), ['a', 'b', 'c'])
  t.strictSame([1, 2, 3, 4].map((ticket) => queue.position(ticket)), [1, 2, 3, 4])
})

t.test('a higher priority goes first, within each model and among the models', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b', 5), waiter(3, 'a', 1), waiter(4, 'a', 5), waiter(5, 'a', 1), waiter(6, 'c', -1))
  t.strictSame(tickets(queue.of('a')), [4, 3, 5, 1])
  t.strictSame(lines(queue), ['b', 'a', 'c'])
  t.strictSame([1, 2, 3, 4, 5, 6].map((ticket) => queue.position(ticket)), [5, 1, 3, 2, 4, 6])
})

t.test('who leaves is gone, and the others move up', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b'), waiter(3, 'a'))
  t.equal(queue.remove(1)?.model, 'a')
  t.equal(queue.remove(1), undefined)
  t.equal(queue.position(1), 0)
  t.strictSame(lines(queue), ['b', 'a'])
  t.strictSame([2, 3].map((ticket) => queue.position(ticket)), [1, 2])
  queue.remove(3)
  t.strictSame(lines(queue), ['b'])
  t.strictSame(queue.of('a'), [])
  queue.remove(2)
  t.equal(queue.size, 0)
  t.strictSame(lines(queue), [])
})

t.test('some of a line may go, or all of it', async (t) => {
  const queue = queueOf(waiter(1, 'a'), waiter(2, 'b'), waiter(3, 'a'), waiter(4, 'a'))
  t.strictSame(tickets(queue.take('a', ({ ticket }) => ticket !== 3)), [1, 4])
  t.strictSame(tickets(queue.of('a')), [3])
  t.strictSame(lines(queue), ['b', 'a'])
  t.strictSame(tickets(queue.take('b')), [2])
  t.strictSame(queue.take('b'), [])
  t.strictSame(tickets(queue.all()), [3])
})

t.test('only the first line of a class has to be looked at, and none whose model holds room', async (t) => {
  const queue = queueOf(waiter(1, 'a1'), waiter(2, 'a2'), waiter(3, 'b1'))
  t.strictSame(heads(queue), ['a1', 'b1'])
  queue.moved = false
  queue.add(waiter(4, 'a3'))
  queue.add(waiter(5, 'a1'))
  queue.remove(2)
  t.equal(queue.moved, false, 'nothing of this concerns the first ones')
  queue.house('a1')
  t.strictSame([heads(queue), queue.moved], [['b1', 'a3'], true])
  queue.house('a1')
  queue.vacate('a1')
  t.strictSame([heads(queue), queue.isHoused('a1')], [['b1', 'a3'], true], 'one of two generations is left')
  queue.vacate('a1')
  t.strictSame([heads(queue), queue.isHoused('a1')], [['a1', 'b1'], false])
  queue.reclassify((model) => model)
  t.strictSame(heads(queue), ['a1', 'b1', 'a3'])
})

t.test('a model nobody waits for, a ticket nobody has', async (t) => {
  const queue = queueOf()
  t.strictSame(queue.of('a'), [])
  t.equal(queue.position(1), 0)
  t.equal(queue.remove(1), undefined)
  t.strictSame([...queue.all()], [])
  queue.house('a')
  queue.vacate('a')
  t.strictSame(heads(queue), [])
})

t.test('any changes: the same as one sorted list', async (t) => {
  const models = ['a1', 'a2', 'b1', 'b2', 'c']
  const step = fc.oneof(
    fc.record({ add: fc.constantFrom(...models), priority: fc.integer({ min: -1, max: 2 }) }),
    fc.record({ remove: fc.nat(40) }),
    fc.record({ house: fc.constantFrom(...models) })
  )
  fc.assert(fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    const queue = queueOf()
    const housed = new Set<string>()
    let list: Waiter[] = []
    let next = 1
    for (const step of steps) {
      const before = heads(queue)
      queue.moved = false
      if ('add' in step) {
        const added = waiter(next++, step.add, step.priority)
        queue.add(added)
        list.push(added)
      } else if ('remove' in step) {
        t.equal(queue.remove(step.remove), list.find(({ ticket }) => ticket === step.remove))
        list = list.filter(({ ticket }) => ticket !== step.remove)
      } else if (housed.delete(step.house)) {
        queue.vacate(step.house)
      } else {
        housed.add(step.house)
        queue.house(step.house)
      }
      list.sort((a, b) => a.key - b.key || a.ticket - b.ticket)
      const order = [...new Set(list.map(({ model }) => model))]
      t.equal(queue.size, list.length)
      t.strictSame(lines(queue), order)
      const waiting = order.filter((model) => !housed.has(model))
      t.strictSame(heads(queue), waiting.filter((model) => model === waiting.find((other) => kindOf(other) === kindOf(model))))
      if (!queue.moved) t.strictSame(heads(queue), before)
      for (const model of models) t.strictSame(tickets(queue.of(model)), tickets(list.filter((waiter) => waiter.model === model)))
      t.strictSame(list.map(({ ticket }) => queue.position(ticket)), list.map((_, index) => index + 1))
      t.strictSame(new Set(tickets(queue.all())), new Set(tickets(list)))
    }
  }), { numRuns: 40 })
})
