import t from 'tap'
import type { SchedulerEvent, Subject, Terms, Effect } from '../lib/scheduler/messages.ts'
import { Scheduler } from '../lib/scheduler/scheduler.ts'
import { about, optionsFor, request } from './helper/scheduler-world.ts'

const models = ['a', 'b', 'c']
const terms = (ttl = 0): ReadonlyMap<string, Terms> => optionsFor({ models, ttl }).models
const create = (ttl = 0, maxQueue = 512): Scheduler => new Scheduler(optionsFor({ models, ttl, maxQueue }))
const reconfigured = (terms: ReadonlyMap<string, Terms>): SchedulerEvent => ({ type: 'reconfigured', options: { ...optionsFor({ models }), models: terms } })
const nameOf = ({ model, generation }: Subject): string => generation === 0 ? model : `${model}#${generation}`
const brief = (effects: readonly Effect[]): string[] => effects.flatMap((effect) => 'ticket' in effect ? `${effect.type} ${effect.ticket}` : effect.type === 'wakeAt' ? [] : `${effect.type} ${nameOf(effect)}`)
const wakes = (effects: readonly Effect[]): number[] => effects.flatMap((effect) => effect.type === 'wakeAt' ? effect.at : [])

t.test('starts what is asked for, grants it when it is ready', async (t) => {
  const scheduler = create()
  t.strictSame(brief(scheduler.handle(request(1, 'a'), 0)), ['start a'])
  t.strictSame(brief(scheduler.handle(request(2, 'a'), 1)), [], 'one start')
  t.strictSame(brief(scheduler.handle(about('ready', 'a'), 2)), ['grant 1', 'grant 2'])
  t.strictSame(brief(scheduler.handle(request(3, 'a'), 3)), ['grant 3'], 'at once')
})

t.test('an idle model makes room; a busy one is waited for', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  t.strictSame(brief(scheduler.handle(request(2, 'b'), 2)), [])
  t.strictSame(scheduler.position(2), 1)
  t.equal(scheduler.waitReason('b', 3), 'waits for a to finish 1 request')
  t.match(scheduler.handle({ type: 'released', ticket: 1 }, 4), [{ type: 'stop', model: 'a', cause: 'evicted by b', force: false }])
  t.equal(scheduler.waitReason('b', 4), 'waits for a to stop')
  t.match(scheduler.handle(about('stopped', 'a'), 5), [{ type: 'start', model: 'b', evicted: ['a'] }])
  t.equal(scheduler.waitReason('b', 5), 'is loading')
  t.strictSame(brief(scheduler.handle(about('ready', 'b'), 6)), ['grant 2'])
  t.equal(scheduler.waitReason('b', 6), undefined)
})

t.test('a failed start fails those who wait for it, and lets the others go on', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(request(2, 'b'), 0)
  const effects = scheduler.handle({ type: 'failed', model: 'a', generation: 0, error: new Error('no') }, 1)
  t.strictSame(brief(effects), ['reject 1', 'start b'])
})

t.test('a load that nobody waits for gives way; one that somebody waits for does not', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(request(2, 'b'), 0)
  t.strictSame(brief(scheduler.handle({ type: 'cancel', ticket: 1 }, 1)), ['stop a'])
  const other = create()
  other.handle(request(1, 'a'), 0)
  t.strictSame(brief(other.handle({ type: 'cancel', ticket: 1 }, 1)), [], 'nobody needs the room')
})

t.test('priority goes before order', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(request(2, 'b'), 0)
  scheduler.handle(request(3, 'c', { priority: 5 }), 0)
  scheduler.handle(about('ready', 'a'), 1)
  scheduler.handle({ type: 'released', ticket: 1 }, 2)
  t.strictSame(brief(scheduler.handle(about('stopped', 'a'), 3)), ['start c'])
})

t.test('deadlines, a full queue, an unknown model', async (t) => {
  const scheduler = create(0, 2)
  scheduler.handle(request(1, 'a'), 0)
  t.strictSame(wakes(scheduler.handle(request(2, 'b', { deadline: 50 }), 10)), [60])
  t.match(scheduler.handle(request(3, 'b'), 10), [{ type: 'reject', ticket: 3, why: { queueFull: 2, ms: Number } }])
  t.match(scheduler.handle(request(4, 'zz'), 10), [{ type: 'reject', ticket: 4, why: 'unknown' }])
  t.strictSame(wakes(scheduler.handle({ type: 'tick' }, 59)), [60])
  t.strictSame(brief(scheduler.handle({ type: 'tick' }, 60)), ['reject 2'])
})

t.test('a limit of its own for each model: those that wait count like those that are served', async (t) => {
  const scheduler = new Scheduler(optionsFor({ models, limit: 2 }))
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(request(2, 'a'), 0)
  t.match(scheduler.handle(request(3, 'a'), 0), [{ type: 'reject', ticket: 3, why: { limit: 2 } }])
  t.strictSame(brief(scheduler.handle(request(4, 'b'), 0)), [], 'another model has its own')
  scheduler.handle({ type: 'cancel', ticket: 2 }, 0)
  t.strictSame(brief(scheduler.handle(request(5, 'a'), 0)), [])
  t.strictSame(brief(scheduler.handle(about('ready', 'a'), 1)), ['grant 1', 'grant 5'])
  t.match(scheduler.handle(request(6, 'a'), 2), [{ type: 'reject', why: { limit: 2 } }])
  scheduler.handle({ type: 'released', ticket: 1 }, 3)
  t.strictSame(brief(scheduler.handle(request(7, 'a'), 4)), ['grant 7'])
})

t.test('when another try makes sense is told from what loads and requests have taken', async (t) => {
  const scheduler = create(0, 1)
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 8000)
  scheduler.handle({ type: 'released', ticket: 1 }, 20_000)
  scheduler.handle(request(2, 'b'), 20_000)
  t.match(scheduler.handle(request(3, 'b'), 20_000), [{ why: { queueFull: 1, ms: 1000 } }], 'nothing is known of b')
  scheduler.handle(about('stopped', 'a'), 21_000)
  scheduler.handle(about('ready', 'b'), 22_000)
  scheduler.handle({ type: 'released', ticket: 2 }, 23_000)
  scheduler.handle(request(4, 'a'), 24_000)
  scheduler.handle(about('stopped', 'b'), 25_000)
  t.match(scheduler.handle(request(5, 'a'), 27_000), [{ why: { queueFull: 1, ms: 6000 + 12_000 } }], 'what is left of its load, and a request')
})

t.test('time to live counts from ready or the last lease, and never cuts one', async (t) => {
  const scheduler = create(100)
  scheduler.handle(request(1, 'a'), 0)
  t.strictSame(brief(scheduler.handle(about('ready', 'a'), 10)), ['grant 1'])
  t.strictSame(brief(scheduler.handle({ type: 'tick' }, 500)), [])
  t.strictSame(wakes(scheduler.handle({ type: 'released', ticket: 1 }, 600)), [700])
  t.strictSame(brief(scheduler.handle(request(2, 'a'), 650)), ['grant 2'])
  t.strictSame(brief(scheduler.handle({ type: 'tick' }, 700)), [])
  t.strictSame(wakes(scheduler.handle({ type: 'released', ticket: 2 }, 701)), [801])
  t.match(scheduler.handle({ type: 'tick' }, 801), [{ type: 'stop', model: 'a', cause: 'ttl' }])
})

t.test('an unload that is asked for twice changes nothing for those who wait for the next start', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  scheduler.handle({ type: 'unload', model: 'a', force: false }, 2)
  t.strictSame(brief(scheduler.handle(request(2, 'a'), 3)), [])
  t.strictSame(brief(scheduler.handle({ type: 'unload', model: 'a', force: false }, 4)), [])
  t.strictSame(brief(scheduler.handle({ type: 'released', ticket: 1 }, 5)), ['stop a'])
  t.strictSame(brief(scheduler.handle(about('stopped', 'a'), 6)), ['start a'])
})

t.test('shutdown turns everybody away and stops everything, once', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  scheduler.handle(request(2, 'b'), 2)
  t.strictSame(brief(scheduler.handle({ type: 'shutdown' }, 3)), ['reject 2', 'stop a'])
  t.match(scheduler.handle(request(3, 'a'), 4), [{ type: 'reject', ticket: 3, why: 'closing' }])
  t.strictSame(brief(scheduler.handle(about('stopped', 'a'), 5)), [])
})

/** Terms with another generation for one model, or without it. */
const changed = (models: ReadonlyMap<string, Terms>, model: string, change: Partial<Terms> | undefined): Map<string, Terms> => {
  const { [model]: before = { generation: 0, ttl: 0, priority: 0, limit: 0 }, ...rest } = Object.fromEntries(models)
  return new Map(Object.entries(change === undefined ? rest : { ...rest, [model]: { ...before, ...change } }))
}

t.test('a changed model: its server ends with its last lease, who waits gets the next one', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  t.strictSame(brief(scheduler.handle(reconfigured(changed(terms(), 'a', { generation: 1 })), 2)), [], 'not under its lease')
  t.strictSame(brief(scheduler.handle(request(2, 'a'), 3)), [])
  t.strictSame([scheduler.leases({ model: 'a', generation: 0 }), scheduler.leases({ model: 'a', generation: 1 }), scheduler.waiting('a')], [1, 0, 1])
  t.match(scheduler.handle({ type: 'released', ticket: 1 }, 4), [{ type: 'stop', model: 'a', generation: 0, cause: 'reload', force: false }])
  t.match(scheduler.handle(about('stopped', 'a'), 5), [{ type: 'start', model: 'a', generation: 1, cause: 'request', evicted: [] }])
  t.strictSame(brief(scheduler.handle(about('ready', 'a', 1), 6)), ['grant 2'])
})

t.test('a changed model that is idle or loading stops at once; the load begins again for those who wait', async (t) => {
  const idle = create()
  idle.handle(request(1, 'a'), 0)
  idle.handle(about('ready', 'a'), 1)
  idle.handle({ type: 'released', ticket: 1 }, 2)
  t.match(idle.handle(reconfigured(changed(terms(), 'a', { generation: 1 })), 3), [{ type: 'stop', model: 'a', cause: 'reload' }])
  t.strictSame(brief(idle.handle(about('stopped', 'a'), 4)), [], 'nobody asks for it')
  const loading = create()
  loading.handle(request(1, 'a'), 0)
  t.match(loading.handle(reconfigured(changed(terms(), 'a', { generation: 1 })), 1), [{ type: 'stop', model: 'a', cause: 'reload' }])
  t.strictSame(brief(loading.handle(about('stopped', 'a'), 2)), ['start a#1'])
})

t.test('a removed model: who waits is told so, its server ends with its last lease', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  scheduler.handle(request(2, 'b'), 2)
  scheduler.handle({ type: 'unload', model: 'a', force: false }, 2)
  scheduler.handle(request(3, 'a'), 2)
  t.match(scheduler.handle(reconfigured(changed(terms(), 'a', undefined)), 3), [{ type: 'reject', ticket: 3, why: 'unknown' }])
  t.match(scheduler.handle(request(4, 'a'), 4), [{ type: 'reject', ticket: 4, why: 'unknown' }])
  t.match(scheduler.handle({ type: 'released', ticket: 1 }, 5), [{ type: 'stop', model: 'a', cause: 'reload' }])
  t.strictSame(brief(scheduler.handle(about('stopped', 'a'), 6)), ['start b'])
})

t.test('an unchanged model is left alone; its new time to live counts at once', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  scheduler.handle({ type: 'released', ticket: 1 }, 100)
  const longer = scheduler.handle(reconfigured(changed(changed(terms(), 'a', { ttl: 500 }), 'b', { generation: 1 })), 200)
  t.strictSame([brief(longer), wakes(longer)], [[], [600]])
  t.match(scheduler.handle(reconfigured(terms(50)), 200), [{ type: 'stop', model: 'a', cause: 'ttl' }])
})

t.test('a change that is taken back before the server has ended changes nothing', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  scheduler.handle(reconfigured(changed(terms(), 'a', { generation: 1 })), 2)
  scheduler.handle(request(2, 'a'), 3)
  t.strictSame(brief(scheduler.handle(reconfigured(terms()), 4)), ['grant 2'])
})

t.test('failures are forgotten with what has failed', async (t) => {
  for (const then of [changed(terms(), 'a', { generation: 1 }), terms()]) {
    const scheduler = create()
    scheduler.handle(request(1, 'a'), 0)
    scheduler.handle(about('failed', 'a'), 1)
    scheduler.handle(reconfigured(then), 2)
    t.strictSame(brief(scheduler.handle(request(2, 'a'), 3)), then.get('a')!.generation === 1 ? ['start a#1'] : ['reject 2'])
  }
  const dying = create()
  dying.handle(request(1, 'a'), 0)
  dying.handle(about('ready', 'a'), 1)
  dying.handle(reconfigured(changed(terms(), 'a', { generation: 1 })), 2)
  dying.handle(request(2, 'a'), 2)
  for (let crash = 0; crash < 3; crash++) dying.handle(about('crashed', 'a'), 3)
  t.strictSame(brief(dying.handle(about('stopped', 'a'), 4)), ['start a#1'], 'crashes of the old one do not count against the new one')
})
