import fc from 'fast-check'
import t from 'tap'
import { oneAtATime } from '../lib/scheduler/policy.ts'
import { Scheduler } from '../lib/scheduler/scheduler.ts'
import type { Effect, SchedulerEvent, Subject, Terms } from '../lib/scheduler/messages.ts'

const MODELS = ['a', 'b', 'c']
const terms = (ttl = 0): Map<string, Terms> => new Map(MODELS.map((model) => [model, { generation: 0, ttl }]))
const create = (ttl?: number, maxQueue = 512): Scheduler => new Scheduler({ models: terms(ttl), policy: oneAtATime, maxQueue })
const request = (ticket: number, model: string, more: object = {}): SchedulerEvent => ({ type: 'request', ticket, model, priority: 0, deadline: undefined, cause: 'request', ...more })
const about = (type: 'ready' | 'stopped' | 'crashed' | 'failed', model: string, generation = 0): SchedulerEvent => ({ type, model, generation, error: new Error('died') })
const reconfigured = (models: ReadonlyMap<string, Terms>, maxQueue = 512): SchedulerEvent => ({ type: 'reconfigured', options: { models, policy: oneAtATime, maxQueue } })
const nameOf = ({ model, generation }: Subject): string => generation === 0 ? model : `${model}#${generation}`
const brief = (effects: readonly Effect[]): string[] => effects.map((effect) => 'ticket' in effect ? `${effect.type} ${effect.ticket}` : effect.type === 'wakeAt' ? `wakeAt ${effect.at}` : `${effect.type} ${nameOf(effect)}`)

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

/** Terms with another generation for one model, or without it. */
const changed = (models: ReadonlyMap<string, Terms>, model: string, change: Partial<Terms> | undefined): Map<string, Terms> => {
  const { [model]: before = { generation: 0, ttl: 0 }, ...rest } = Object.fromEntries(models)
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
  t.strictSame(brief(scheduler.handle(reconfigured(changed(changed(terms(), 'a', { ttl: 500 }), 'b', { generation: 1 })), 200)), ['wakeAt 600'])
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

/** A server of the world below. */
interface Server extends Subject { state: 'starting' | 'ready' | 'stopping' }

/** Plays random events against the scheduler, as launcher, clients and operator would; checks the invariants at every step. */
class World {
  readonly #scheduler = create(1000, 20)
  #now = 0
  #ticket = 0
  #generation = 0
  #terms: ReadonlyMap<string, Terms> = terms(1000)
  readonly #servers = new Map<string, Server>()
  readonly #waiting = new Map<number, string>()
  /** Of servers that live, by name; those of dead ones are released like the others. */
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
    if (event.type === 'ready') this.#servers.get(nameOf(event))!.state = 'ready'
    if (event.type === 'failed' || event.type === 'stopped') this.#servers.delete(nameOf(event))
    if (event.type === 'crashed') { this.#servers.get(nameOf(event))!.state = 'stopping'; this.#orphan(nameOf(event)) }
    if (event.type === 'reconfigured') this.#terms = event.options.models
    const effects = this.#scheduler.handle(event, this.#now)
    this.trace.push(`${describe(event)} => ${brief(effects).join(', ')}`)
    for (const effect of effects) this.#apply(effect)
    this.#check()
  }

  /** Lets everything end that is under way; then nobody may be left waiting, and no server of an earlier config. */
  settle (): void {
    for (let i = 0; i < 1000; i++) {
      for (const ticket of [...this.#leases.keys(), ...this.#orphaned]) this.send({ type: 'released', ticket })
      for (const { model, generation, state } of [...this.#servers.values()]) if (state !== 'ready') this.send(about(state === 'starting' ? 'ready' : 'stopped', model, generation))
      if (this.#waiting.size === 0 && [...this.#servers.values()].every((server) => this.#isCurrent(server))) return
    }
    throw new Error(`left: tickets ${[...this.#waiting.keys()].join(' ')}, servers ${[...this.#servers.keys()].join(' ')}`)
  }

  #orphan (server: string): void {
    for (const [ticket, leased] of this.#leases) {
      if (leased !== server) continue
      this.#leases.delete(ticket)
      this.#orphaned.add(ticket)
    }
  }

  #isCurrent ({ model, generation }: Subject): boolean { return this.#terms.get(model)?.generation === generation }

  #possible (): SchedulerEvent[] {
    const events: SchedulerEvent[] = MODELS.map((model) => request(++this.#ticket, model, { priority: this.#ticket % 7 === 0 ? 1 : 0 }))
    for (const ticket of this.#waiting.keys()) events.push({ type: 'cancel', ticket })
    for (const ticket of [...this.#leases.keys(), ...this.#orphaned]) events.push({ type: 'released', ticket })
    for (const { model, generation, state } of this.#servers.values()) {
      if (state === 'starting') events.push(about('ready', model, generation), about('failed', model, generation))
      if (state === 'ready') events.push(about('crashed', model, generation))
      if (state === 'stopping') events.push(about('stopped', model, generation))
      events.push({ type: 'unload', model, force: false }, { type: 'unload', model, force: true })
      // As when a change is taken back.
      if (state !== 'stopping') events.push(reconfigured(changed(this.#terms, model, { generation }), 20))
    }
    const model = MODELS[this.#ticket % MODELS.length]!
    events.push(reconfigured(changed(this.#terms, model, { generation: ++this.#generation }), 20), reconfigured(changed(this.#terms, model, undefined), 20))
    if (this.#terms.has(model)) events.push(reconfigured(changed(this.#terms, model, { ttl: this.#now % 500 }), 20))
    events.push({ type: 'tick' })
    return events
  }

  #apply (effect: Effect): void {
    if (effect.type === 'wakeAt') return
    if (effect.type === 'reject') {
      if (!this.#waiting.delete(effect.ticket)) throw new Error(`ticket ${effect.ticket} is settled twice`)
      return
    }
    const name = nameOf(effect)
    const server = this.#servers.get(name)
    switch (effect.type) {
      case 'start':
        if (this.#servers.size > 0) throw new Error(`${name} is started while ${[...this.#servers.keys()].join(' ')} is there`)
        if (!this.#isCurrent(effect)) throw new Error(`${name} is started, which is not configured`)
        this.#servers.set(name, { model: effect.model, generation: effect.generation, state: 'starting' })
        break
      case 'stop':
        if (server === undefined || server.state === 'stopping') throw new Error(`${name} is stopped twice`)
        if (!effect.force && [...this.#leases.values()].includes(name)) throw new Error(`${name} is stopped under a lease`)
        this.#orphan(name)
        server.state = 'stopping'
        break
      case 'grant':
        if (server?.state !== 'ready') throw new Error(`${name} is granted while not ready`)
        if (!this.#isCurrent(effect)) throw new Error(`${name} is granted, which is not configured`)
        if (this.#waiting.get(effect.ticket) !== effect.model) throw new Error(`ticket ${effect.ticket} is granted twice, or after it left`)
        for (const [ticket, model] of this.#waiting) if (model === effect.model && ticket < effect.ticket && ticket % 7 !== 0 && effect.ticket % 7 !== 0) throw new Error(`ticket ${effect.ticket} overtakes ${ticket}`)
        this.#waiting.delete(effect.ticket)
        this.#leases.set(effect.ticket, name)
    }
  }

  /** What holds between any two events. */
  #check (): void {
    for (const [ticket, model] of this.#waiting) if (!this.#terms.has(model)) throw new Error(`ticket ${ticket} waits for ${model}, which is gone`)
    for (const server of this.#servers.values()) {
      const leased = [...this.#leases.values()].includes(nameOf(server))
      if (!this.#isCurrent(server) && !leased && server.state !== 'stopping') throw new Error(`${nameOf(server)} is idle, not configured, and left running`)
    }
  }
}

function describe (event: SchedulerEvent): string {
  return event.type === 'reconfigured' ? `reconfigured ${JSON.stringify([...event.options.models])}` : JSON.stringify(event)
}

t.test('invariants over random events, reloads among them: one start at a time in an empty room, no stop under a lease, every ticket settles once, in order', async (t) => {
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
