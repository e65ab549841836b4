import fc from 'fast-check'
import t from 'tap'
import { oneAtATime } from '../lib/scheduler/policy.ts'
import { Scheduler } from '../lib/scheduler/scheduler.ts'
import type { Effect, SchedulerEvent } from '../lib/scheduler/messages.ts'

const terms = (ttl = 0) => new Map(['a', 'b', 'c'].map((model) => [model, { generation: 0, ttl }]))
const create = (ttl?: number, maxQueue = 512): Scheduler => new Scheduler({ models: terms(ttl), policy: oneAtATime, maxQueue })
const request = (ticket: number, model: string, more: object = {}): SchedulerEvent => ({ type: 'request', ticket, model, priority: 0, deadline: undefined, cause: 'request', ...more })
const about = (type: 'ready' | 'stopped' | 'crashed', model: string): SchedulerEvent => ({ type, model, generation: 0, error: new Error('died') })
const brief = (effects: readonly Effect[]): string[] => effects.map((effect) => 'ticket' in effect ? `${effect.type} ${effect.ticket}` : effect.type === 'wakeAt' ? `wakeAt ${effect.at}` : `${effect.type} ${effect.model}`)

t.test('starts what is asked for, grants it when it is ready', async (t) => {
  const scheduler = create()
  t.strictSame(brief(scheduler.handle(request(1, 'a'), 0)), ['start a'])
  t.strictSame(brief(scheduler.handle(request(2, 'a'), 1)), [], 'one start')
  t.strictSame(brief(scheduler.handle(about('ready', 'a'), 2)), ['grant 1', 'grant 2'])
  t.strictSame(brief(scheduler.handle(request(3, 'a'), 3)), ['grant 3'], 'at once')
})

t.test('an idle model makes room; a busy one is waited for, and nobody overtakes the waiter', async (t) => {
  const scheduler = create()
  scheduler.handle(request(1, 'a'), 0)
  scheduler.handle(about('ready', 'a'), 1)
  t.strictSame(brief(scheduler.handle(request(2, 'b'), 2)), [])
  t.strictSame(brief(scheduler.handle(request(3, 'a'), 3)), [], 'A is asked for again, behind B')
  t.strictSame(scheduler.position(3), 2)
  t.match(scheduler.handle({ type: 'released', ticket: 1 }, 4), [{ type: 'stop', model: 'a', cause: 'evicted by b', force: false }])
  t.match(scheduler.handle(about('stopped', 'a'), 5), [{ type: 'start', model: 'b', evicted: ['a'] }])
  t.strictSame(brief(scheduler.handle(about('ready', 'b'), 6)), ['grant 2'])
  t.strictSame(brief(scheduler.handle({ type: 'released', ticket: 2 }, 7)), ['stop b'])
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
  t.strictSame(brief(scheduler.handle(request(2, 'b', { deadline: 50 }), 10)), ['wakeAt 60'])
  t.match(scheduler.handle(request(3, 'b'), 10), [{ type: 'reject', ticket: 3, why: 'queueFull' }])
  t.match(scheduler.handle(request(4, 'zz'), 10), [{ type: 'reject', ticket: 4, why: 'unknown' }])
  t.strictSame(brief(scheduler.handle({ type: 'tick' }, 59)), ['wakeAt 60'])
  t.match(scheduler.handle({ type: 'tick' }, 60), [{ type: 'reject', ticket: 2, why: 'deadline' }])
})

t.test('time to live counts from ready or the last lease, and never cuts one', async (t) => {
  const scheduler = create(100)
  scheduler.handle(request(1, 'a'), 0)
  t.strictSame(brief(scheduler.handle(about('ready', 'a'), 10)), ['grant 1'])
  t.strictSame(brief(scheduler.handle({ type: 'tick' }, 500)), [])
  t.strictSame(brief(scheduler.handle({ type: 'released', ticket: 1 }, 600)), ['wakeAt 700'])
  t.strictSame(brief(scheduler.handle(request(2, 'a'), 650)), ['grant 2'])
  t.strictSame(brief(scheduler.handle({ type: 'tick' }, 700)), [])
  t.strictSame(brief(scheduler.handle({ type: 'released', ticket: 2 }, 701)), ['wakeAt 801'])
  t.match(scheduler.handle({ type: 'tick' }, 801), [{ type: 'stop', model: 'a', cause: 'ttl' }])
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

/** Plays random events against the scheduler, as launcher and clients would; checks the invariants at every step. */
class World {
  readonly #scheduler = create(1000, 20)
  #now = 0
  #ticket = 0
  readonly #state = new Map<string, 'starting' | 'ready' | 'stopping'>()
  readonly #waiting = new Map<number, string>()
  /** Of servers that live; those of dead ones are released like the others. */
  readonly #leases = new Map<number, string>()
  readonly #orphaned = new Set<number>()
  readonly trace: string[] = []

  step (choice: number): void {
    this.#now += choice % 300
    const events = this.#possible()
    this.send(events[choice % events.length]!)
  }

  send (event: SchedulerEvent): void {
    if (event.type === 'request') this.#waiting.set(event.ticket, event.model)
    if (event.type === 'cancel') this.#waiting.delete(event.ticket)
    if (event.type === 'released') { this.#leases.delete(event.ticket); this.#orphaned.delete(event.ticket) }
    if (event.type === 'ready') this.#state.set(event.model, 'ready')
    if (event.type === 'failed' || event.type === 'stopped') this.#state.delete(event.model)
    if (event.type === 'crashed') { this.#state.set(event.model, 'stopping'); this.#orphan(event.model) }
    const effects = this.#scheduler.handle(event, this.#now)
    this.trace.push(`${JSON.stringify(event)} => ${brief(effects).join(', ')}`)
    for (const effect of effects) this.#apply(effect)
  }

  /** Lets everything end that is under way; then nobody may be left waiting. */
  settle (): void {
    for (let i = 0; i < 1000 && (this.#waiting.size > 0 || this.#state.size > 0); i++) {
      for (const ticket of [...this.#leases.keys(), ...this.#orphaned]) this.send({ type: 'released', ticket })
      for (const [model, state] of [...this.#state]) if (state !== 'ready') this.send(about(state === 'starting' ? 'ready' : 'stopped', model))
      if (this.#waiting.size === 0) return
    }
    if (this.#waiting.size > 0) throw new Error(`tickets ${[...this.#waiting.keys()].join(' ')} are left`)
  }

  #orphan (model: string): void {
    for (const [ticket, leased] of this.#leases) {
      if (leased !== model) continue
      this.#leases.delete(ticket)
      this.#orphaned.add(ticket)
    }
  }

  #possible (): SchedulerEvent[] {
    const events: SchedulerEvent[] = ['a', 'b', 'c'].map((model) => request(++this.#ticket, model, { priority: this.#ticket % 7 === 0 ? 1 : 0 }))
    for (const ticket of this.#waiting.keys()) events.push({ type: 'cancel', ticket })
    for (const ticket of [...this.#leases.keys(), ...this.#orphaned]) events.push({ type: 'released', ticket })
    for (const [model, state] of this.#state) {
      if (state === 'starting') events.push(about('ready', model), { type: 'failed', model, generation: 0, error: new Error('start') })
      if (state === 'ready') events.push(about('crashed', model))
      if (state === 'stopping') events.push(about('stopped', model))
      events.push({ type: 'unload', model, force: false }, { type: 'unload', model, force: true })
    }
    events.push({ type: 'tick' })
    return events
  }

  #apply (effect: Effect): void {
    const leased = (model: string): boolean => [...this.#leases.values()].includes(model)
    switch (effect.type) {
      case 'start':
        if (this.#state.size > 0) throw new Error(`${effect.model} is started while ${[...this.#state.keys()].join(' ')} is there`)
        this.#state.set(effect.model, 'starting')
        break
      case 'stop':
        if (this.#state.get(effect.model) === undefined || this.#state.get(effect.model) === 'stopping') throw new Error(`${effect.model} is stopped twice`)
        if (!effect.force && leased(effect.model)) throw new Error(`${effect.model} is stopped under a lease`)
        this.#orphan(effect.model)
        this.#state.set(effect.model, 'stopping')
        break
      case 'grant':
        if (this.#state.get(effect.model) !== 'ready') throw new Error(`${effect.model} is granted while not ready`)
        if (this.#waiting.get(effect.ticket) !== effect.model) throw new Error(`ticket ${effect.ticket} is granted twice, or after it left`)
        for (const [ticket, model] of this.#waiting) if (model === effect.model && ticket < effect.ticket && ticket % 7 !== 0 && effect.ticket % 7 !== 0) throw new Error(`ticket ${effect.ticket} overtakes ${ticket}`)
        this.#waiting.delete(effect.ticket)
        this.#leases.set(effect.ticket, effect.model)
        break
      case 'reject':
        if (!this.#waiting.delete(effect.ticket)) throw new Error(`ticket ${effect.ticket} is settled twice`)
        break
    }
  }
}

t.test('invariants over random events: one start at a time in an empty room, no stop under a lease, every ticket settles once, in order', async (t) => {
  const property = fc.property(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 120, size: 'max' }), (choices) => {
    const world = new World()
    try {
      for (const choice of choices) world.step(choice)
      world.settle()
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${world.trace.join('\n')}`)
    }
  })
  fc.assert(property, { numRuns: 3000 })
  t.pass()
})

t.test('the same events have the same effects', async (t) => {
  fc.assert(fc.property(fc.array(fc.nat(100_000), { maxLength: 100, size: 'max' }), (choices) => {
    const traces = [new World(), new World()].map((world) => {
      for (const choice of choices) world.step(choice)
      return world.trace.join('\n')
    })
    return traces[0] === traces[1]
  }))
  t.pass()
})
