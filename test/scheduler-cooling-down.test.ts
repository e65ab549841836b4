import t from 'tap'
import { Scheduler } from '../lib/scheduler/scheduler.ts'
import { about, optionsFor, request } from './helper/scheduler-world.ts'

t.test('a model that cools down is refused at once, whoever waits already; load() tries it all the same', async (t) => {
  const scheduler = new Scheduler(optionsFor())
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle({ type: 'failed', model: 'a', generation: 0, error: new Error('no memory') }, 10)
  scheduler.handle(request(2, 'b'), 20)
  scheduler.handle(about('ready', 'b'), 30)
  scheduler.handle(request(3, 'c'), 40)
  const [refusal] = scheduler.handle(request(4, 'a'), 50)
  t.match(refusal, { type: 'reject', ticket: 4, why: { coolingDown: { message: 'no memory' }, ms: Number } })
  t.strictSame(scheduler.handle(request(5, 'a', { override: true }), 60), [])
  t.equal(scheduler.position(5), 2)
})
