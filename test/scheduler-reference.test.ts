// llama-swap's own tests of its schedulers, by their names, with `use: fifo`. What is not here: SendAdmission_* and ReleaseWithoutReservationPanics
// are of its channels, GrantSetsPriorityMetadata of its metrics, ConcurrencyLimit_DefaultIsTen of its default of ten (here: no limit of its own),
// and TieBreakDefinitionOrder says what its binary does not do (docs/differences.md).
import t from 'tap'
import type { SchedulerEvent } from '../lib/scheduler/messages.ts'
import { Scheduler } from '../lib/scheduler/scheduler.ts'
import type { RoutingKeys } from '../lib/config/routing/routing.ts'
import { about, brief, optionsFor, request } from './helper/scheduler-world.ts'

const models = ['a', 'b', 'c', 'd']

class Play {
  readonly scheduler: Scheduler
  #now = 0
  #ticket = 0

  constructor (routing: RoutingKeys = {}, { limit = 0, priority = {} }: { limit?: number, priority?: Record<string, number> } = {}) {
    this.scheduler = new Scheduler(optionsFor({ models, limit, routing: { ...routing, routing: { scheduler: { use: 'fifo', settings: { fifo: { priority } } } } } }))
  }

  send (event: SchedulerEvent): string[] { return brief(this.scheduler.handle(event, this.#now++)) }
  ask (model: string): string[] { return this.send(request(++this.#ticket, model)) }
  ready (model: string): string[] { return this.send(about('ready', model)) }
  stopped (model: string): string[] { return this.send(about('stopped', model)) }
  release (ticket: number): string[] { return this.send({ type: 'released', ticket }) }
  cancel (ticket: number): string[] { return this.send({ type: 'cancel', ticket }) }

  /** Serves everything; returns what is started and granted, in order. */
  serveAll (effects: string[]): string[] {
    const log: string[] = []
    const queue = [...effects]
    for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
      const [what, of] = effect.split(' ')
      if (what === 'grant' || what === 'start') log.push(effect)
      if (what === 'grant') queue.push(...this.release(Number(of)))
      if (what === 'start') queue.push(...this.ready(of!))
      if (what === 'stop') queue.push(...this.stopped(of!))
    }
    return log
  }
}

/** Everything beside everything. */
const together: RoutingKeys = { groups: { all: { swap: false, members: models } } }
const pairs: RoutingKeys = { groups: { x: { exclusive: false, members: ['a', 'b'] }, y: { exclusive: false, members: ['c', 'd'] } } }

t.test('fifo', async (t) => {
  t.test('FastPath', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ready('a')
    t.strictSame(play.ask('a'), ['grant 2'])
  })

  t.test('ModelNotFound', async (t) => t.strictSame(new Play().ask('unknown'), ['reject 1']))

  t.test('OnDemandStartThenServe', async (t) => {
    const play = new Play()
    t.strictSame(play.ask('a'), ['start a'])
    t.strictSame(play.ready('a'), ['grant 1'])
  })

  t.test('JoinInFlightSwap', async (t) => {
    const play = new Play()
    t.strictSame([play.ask('a'), play.ask('a'), play.ask('a')], [['start a'], [], []])
    t.strictSame(play.ready('a'), ['grant 1', 'grant 2', 'grant 3'])
  })

  t.test('SwapDoneError_FailsAllWaiters', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ask('a')
    t.strictSame(play.send({ type: 'failed', model: 'a', generation: 0, error: new Error('no') }), ['reject 1', 'reject 2'])
  })

  t.test('QueueOnEvictionCollision', async (t) => {
    const play = new Play()
    play.ask('a')
    t.strictSame(play.ask('b'), [])
    t.strictSame(play.ready('a'), ['grant 1'], 'b waits for the swap of a, and for its request')
    t.strictSame(play.release(1), ['stop a'])
    t.strictSame(play.stopped('a'), ['start b'])
  })

  t.test('DisjointSwapsRunInParallel', async (t) => {
    const play = new Play(together)
    t.strictSame([play.ask('a'), play.ask('b')], [['start a'], ['start b']])
  })

  t.test('OverlappingEvictSetsDoNotRunInParallel', async (t) => {
    const play = new Play({ matrix: { sets: { one: 'a', two: 'b & c' } } })
    play.ask('a')
    play.ready('a')
    play.release(1)
    t.strictSame(play.ask('b'), ['stop a'])
    t.strictSame(play.ask('c'), [], 'it would stop a, too')
    t.strictSame(play.stopped('a').sort(), ['start b', 'start c'])
  })

  t.test('QueueDrainPromotesMultiple', async (t) => {
    const play = new Play({ matrix: { sets: { one: 'a', two: 'b & c' } } })
    play.ask('a')
    play.ask('b')
    play.ask('c')
    play.ready('a')
    t.strictSame(play.release(1), ['stop a'])
    t.strictSame(play.stopped('a').sort(), ['start b', 'start c'])
  })

  t.test('QueueCollation', async (t) => {
    const play = new Play()
    const first = play.ask('a')
    for (const model of ['b', 'c', 'a', 'b', 'c']) play.ask(model)
    t.strictSame(play.serveAll(first), ['start a', 'grant 1', 'grant 4', 'start b', 'grant 2', 'grant 5', 'start c', 'grant 3', 'grant 6'])
  })

  t.test('NoSwapWhileServing', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ask('a')
    play.ready('a')
    t.strictSame([play.ask('b'), play.release(1), play.release(2)], [[], [], ['stop a']])
  })

  t.test('GrantServeFalseDoesNotLeakInFlight', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ask('b')
    play.cancel(1)
    t.strictSame(play.stopped('a'), ['start b'], 'one who has left does not hold up the swap')
  })

  t.test('OnShutdown_FailsAllWaiters', async (t) => {
    const play = new Play()
    for (const model of ['a', 'a', 'b', 'c', 'c']) play.ask(model)
    t.strictSame(play.send({ type: 'shutdown' }).sort(), ['reject 1', 'reject 2', 'reject 3', 'reject 4', 'reject 5', 'stop a'])
  })

  t.test('OnUnload_ReleasesActiveWaiters', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ask('a')
    t.strictSame(play.send({ type: 'unload', model: 'a', force: true }).sort(), ['reject 1', 'reject 2', 'stop a'])
  })

  t.test('OnUnload_DropsQueuedRequests', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ask('b')
    t.strictSame(play.send({ type: 'unload', model: 'b', force: true }), ['reject 2'])
    t.strictSame(play.ready('a'), ['grant 1'], 'the other swap goes on')
    t.strictSame(play.release(1), [], 'and b is never started')
  })

  t.test('PriorityQueueOrder', async (t) => {
    const play = new Play({}, { priority: { a: 10, b: 5, c: 5, d: 1 } })
    const first = play.ask('b')
    for (const model of ['d', 'c', 'a']) play.ask(model)
    t.strictSame(play.serveAll(first).filter((effect) => effect.startsWith('start')), ['start b', 'start a', 'start c', 'start d'])
  })

  t.test('OnCancel_QueuedRequest', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ask('b')
    play.cancel(2)
    t.strictSame(play.serveAll(play.ready('a')), ['grant 1'], 'b is never started')
  })

  t.test('OnCancel_SwapWaiter', async (t) => {
    const play = new Play()
    play.ask('a')
    play.ask('a')
    play.cancel(1)
    t.strictSame(play.ready('a'), ['grant 2'])
  })

  t.test('OnCancel_NotPresent', async (t) => t.strictSame(new Play().cancel(7), []))

  t.test('ConcurrencyLimit_RejectsOverLimit', async (t) => {
    const play = new Play({}, { limit: 1 })
    play.ask('a')
    t.strictSame(play.ask('a'), ['reject 2'])
    play.ready('a')
    play.release(1)
    t.strictSame(play.ask('a'), ['grant 3'])
  })

  t.test('ConcurrencyLimit_CustomLimit', async (t) => {
    const play = new Play({}, { limit: 2 })
    play.ask('a')
    play.ready('a')
    t.strictSame([play.ask('a'), play.ask('a')], [['grant 2'], ['reject 3']])
  })

  t.test('ConcurrencyLimit_SwapWaiters', async (t) => {
    const play = new Play({}, { limit: 2 })
    t.strictSame([play.ask('a'), play.ask('a'), play.ask('a')], [['start a'], [], ['reject 3']])
    t.equal(play.scheduler.waiting('a'), 2)
  })

  t.test('ConcurrencyLimit_QueuedWaitersReserveCapacity', async (t) => {
    const play = new Play({}, { limit: 1 })
    play.ask('a')
    t.strictSame([play.ask('b'), play.ask('b')], [[], ['reject 3']])
  })

  t.test('ConcurrencyLimit_CancelledQueuedWaiterReleasesReservation', async (t) => {
    const play = new Play({}, { limit: 1 })
    play.ask('a')
    play.ask('b')
    play.cancel(2)
    t.strictSame(play.ask('b'), [])
  })
})

t.test('group', async (t) => {
  t.test('SwapStopsPrevious', async (t) => {
    const play = new Play(pairs)
    t.strictSame(play.serveAll(play.ask('a')), ['start a', 'grant 1'])
    t.strictSame(play.ask('b'), ['stop a'])
    t.strictSame(play.serveAll(play.stopped('a')), ['start b', 'grant 2'])
  })

  t.test('NonSwapGroup_NoStop', async (t) => {
    const play = new Play(together)
    play.serveAll(play.ask('a'))
    t.strictSame(play.ask('b'), ['start b'])
  })

  t.test('CrossGroupExclusive', async (t) => {
    const play = new Play({ groups: { x: { members: ['a'] }, y: { members: ['b'] } } })
    play.serveAll(play.ask('a'))
    t.strictSame(play.ask('b'), ['stop a'])
  })

  t.test('CrossGroupNonExclusiveParallel', async (t) => {
    const play = new Play(pairs)
    t.strictSame([play.ask('a'), play.ask('c')], [['start a'], ['start c']])
  })

  t.test('SameGroupSwapSerialises', async (t) => {
    const play = new Play(pairs)
    t.strictSame([play.ask('a'), play.ask('b')], [['start a'], []])
    t.strictSame(play.ready('a'), ['grant 1'])
    t.strictSame(play.release(1), ['stop a'])
  })

  t.test('PersistentNotEvicted', async (t) => {
    const play = new Play({ groups: { x: { persistent: true, members: ['a'] }, y: { members: ['b'] } } })
    play.serveAll(play.ask('a'))
    t.strictSame(play.ask('b'), ['start b'])
  })

  t.test('NonExclusiveDoesNotUnloadExclusive', async (t) => {
    const play = new Play({ groups: { x: { members: ['a'] }, y: { exclusive: false, members: ['b'] } } })
    play.serveAll(play.ask('a'))
    t.strictSame(play.ask('b'), ['start b'])
  })
})

t.test('matrix', async (t) => {
  t.test('SwapEvictsConflicting', async (t) => {
    const play = new Play({ matrix: { sets: { one: 'a', two: 'b' } } })
    play.serveAll(play.ask('a'))
    t.strictSame(play.ask('b'), ['stop a'])
  })

  t.test('CoexistInSet', async (t) => {
    const play = new Play({ matrix: { sets: { one: 'a & b' } } })
    play.serveAll(play.ask('a'))
    t.strictSame(play.ask('b'), ['start b'])
  })

  t.test('CoexistingSetParallel', async (t) => {
    const play = new Play({ matrix: { sets: { one: 'a & b' } } })
    t.strictSame([play.ask('a'), play.ask('b')], [['start a'], ['start b']])
  })

  t.test('IncompatibleQueues', async (t) => {
    const play = new Play({ matrix: { sets: { one: 'a', two: 'b' } } })
    t.strictSame([play.ask('a'), play.ask('b'), play.ready('a')], [['start a'], [], ['grant 1']])
    t.strictSame(play.release(1), ['stop a'])
  })

  t.test('EvictCostsPreferred', async (t) => {
    const play = new Play({ matrix: { evict_costs: { a: 10 }, sets: { one: 'a & b', two: 'a & c', three: 'b & c' } } })
    play.serveAll(play.ask('a'))
    play.serveAll(play.ask('b'))
    t.strictSame(play.ask('c'), ['stop b'])
  })
})
