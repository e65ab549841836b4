import { resolveRouting } from '../../lib/config/routing/routing.ts'
import type { RoutingKeys } from '../../lib/config/routing/routing.ts'
import type { Effect, SchedulerEvent, SchedulerOptions, Terms } from '../../lib/scheduler/messages.ts'
import { fair, fifo } from '../../lib/scheduler/order.ts'
import { createPolicy } from '../../lib/scheduler/policy.ts'
import { createResident, evictorIn } from '../../lib/scheduler/resident.ts'
import { Scheduler } from '../../lib/scheduler/scheduler.ts'

export const MODELS = ['a', 'b', 'c', 'd', 'e'] as const

export interface Setting {
  readonly routing?: RoutingKeys
  readonly ttl?: number
  readonly maxQueue?: number
  readonly limit?: number
  readonly models?: readonly string[]
}

/** Options for a scheduler from what an operator would write. */
export function optionsFor ({ routing = {}, ttl = 0, maxQueue, limit = 0, models = MODELS }: Setting = {}): SchedulerOptions {
  const { value, problems } = resolveRouting(routing, { names: { ids: new Set(models), aliases: new Map() } })
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '))
  const { router, scheduler } = value
  const terms = (model: string): Terms => ({ generation: 0, ttl, priority: scheduler.priority.get(model) ?? 0, limit })
  return {
    models: new Map(models.map((model) => [model, terms(model)])),
    policy: createPolicy(router),
    order: scheduler.use === 'fifo' ? fifo : fair(scheduler.fair),
    maxQueue: maxQueue ?? scheduler.fair.maxQueue
  }
}

export const request = (ticket: number, model: string, more: object = {}): SchedulerEvent => ({ type: 'request', ticket, model, priority: 0, deadline: undefined, cause: 'request', ...more })
export const about = (type: 'ready' | 'stopped' | 'crashed' | 'stuck' | 'failed', model: string, generation = 0): SchedulerEvent => ({ type, model, generation, error: new Error('died') })
export const brief = (effects: readonly Effect[]): string[] => effects.map((effect) => 'ticket' in effect ? `${effect.type} ${effect.ticket}` : effect.type === 'wakeAt' ? `wakeAt ${effect.at}` : `${effect.type} ${effect.model}`)

interface Server { readonly model: string, readonly generation: number, state: 'starting' | 'ready' | 'stopping' | 'stuck', leases: Set<number> }
interface Request { readonly model: string, readonly priority: number }

/**
 * Plays events against a scheduler as launcher, clients and clock would, and checks at every step what must always hold.
 * A number chooses the next event, so that a run is a list of numbers.
 */
export class World {
  readonly trace: string[] = []
  #options: SchedulerOptions
  readonly #scheduler: Scheduler
  #now = 0
  #ticket = 0
  #wakeAt: number | undefined
  #servers: Server[] = []
  readonly #waiting = new Map<number, Request>()
  /** Of servers that died under them: still to be released. */
  readonly #orphans = new Set<number>()
  #closed = false

  constructor (options: SchedulerOptions) {
    this.#options = options
    this.#scheduler = new Scheduler(options)
  }

  step (choice: number): void {
    this.#advance(choice % 7 === 0 ? choice % 30_000 : choice % 300)
    const events = this.#possible(choice)
    this.send(events[choice % events.length]!)
  }

  /** Lets everything end that is under way, whatever it is; then nobody may be left waiting. */
  settle (): void {
    for (let i = 0; i < 3000 && this.#waiting.size > 0; i++) {
      for (const server of this.#servers) for (const ticket of server.leases) this.send({ type: 'released', ticket })
      for (const ticket of this.#orphans) this.send({ type: 'released', ticket })
      for (const { model, generation, state } of [...this.#servers]) {
        if (state === 'starting') this.send(about('ready', model, generation))
        else if (state !== 'ready') this.send(about('stopped', model, generation))
      }
      this.#advance(500)
    }
    if (this.#waiting.size > 0) throw new Error(`tickets ${[...this.#waiting.keys()].join(' ')} are left`)
  }

  send (event: SchedulerEvent): void {
    this.#note(event)
    const effects = this.#scheduler.handle(event, this.#now)
    this.trace.push(`${this.#now} ${JSON.stringify(event, (key, value: unknown) => key === 'options' ? '...' : value)} => ${brief(effects).join(', ')}`)
    for (const effect of effects) this.#apply(effect)
    this.#checkFirst()
  }

  #advance (ms: number): void {
    const end = this.#now + ms
    while (this.#wakeAt !== undefined && this.#wakeAt <= end) {
      this.#now = Math.max(this.#now, this.#wakeAt)
      this.#wakeAt = undefined
      this.send({ type: 'tick' })
    }
    this.#now = end
  }

  #note (event: SchedulerEvent): void {
    const server = 'generation' in event ? this.#find(event.model, event.generation) : undefined
    switch (event.type) {
      case 'request': this.#waiting.set(event.ticket, { model: event.model, priority: event.priority }); break
      case 'cancel': this.#waiting.delete(event.ticket); break
      case 'released':
        this.#orphans.delete(event.ticket)
        for (const { leases } of this.#servers) leases.delete(event.ticket)
        break
      case 'ready': server!.state = 'ready'; break
      case 'crashed': this.#end(server!); break
      case 'stuck': server!.state = 'stuck'; break
      case 'failed':
        if (event.stuck === true) server!.state = 'stuck'
        else this.#servers.splice(this.#servers.indexOf(server!), 1)
        break
      case 'stopped': this.#servers.splice(this.#servers.indexOf(server!), 1); break
      case 'reconfigured': this.#options = event.options; break
      case 'shutdown': this.#closed = true; break
    }
  }

  #apply (effect: Effect): void {
    switch (effect.type) {
      case 'start': return this.#started(effect.model, effect.generation)
      case 'stop': return this.#stopped(effect)
      case 'grant': return this.#granted(effect.ticket, this.#find(effect.model, effect.generation))
      case 'reject':
        if (!this.#waiting.delete(effect.ticket)) throw new Error(`invariant 4: ticket ${effect.ticket} is settled twice`)
        break
      case 'wakeAt': this.#wakeAt = effect.at
    }
  }

  #started (model: string, generation: number): void {
    if (this.#closed) throw new Error(`${model} is started after the end`)
    if (this.#servers.some((server) => server.model === model)) throw new Error(`invariant 3: ${model} is started while it is there`)
    const there = this.#servers.map((server) => createResident(server))
    const named = this.#options.policy.evictions(model, there)
    if (named.length > 0) throw new Error(`invariant 2: ${model} is started while ${named.map((other) => other.model).join(' ')} is there`)
    this.#servers.push({ model, generation, state: 'starting', leases: new Set() })
  }

  #stopped ({ model, generation, cause, force }: Effect & { type: 'stop' }): void {
    const server = this.#find(model, generation)
    if (server === undefined || server.state === 'stopping') throw new Error(`${model} is stopped twice`)
    if (server.leases.size > 0 && !force) throw new Error(`invariant 1: ${model} is stopped under a lease`)
    const evictor = evictorIn(cause)
    if (evictor !== undefined) {
      if (server.state === 'starting' && this.#waits(model)) throw new Error(`invariant 7: the load of ${model} is given up though somebody waits for it`)
      if (!this.#waits(evictor)) throw new Error(`invariant 7: ${model} is stopped for ${evictor}, for which nobody waits`)
    }
    this.#end(server)
  }

  #granted (ticket: number, server: Server | undefined): void {
    const request = this.#waiting.get(ticket)
    if (request === undefined) throw new Error(`invariant 4: ticket ${ticket} is granted twice, or after it left`)
    if (server?.state !== 'ready' || server.model !== request.model) throw new Error(`ticket ${ticket} is granted while ${request.model} is not ready`)
    for (const [other, { model, priority }] of this.#waiting) {
      if (model === request.model && priority === request.priority && other < ticket) throw new Error(`invariant 5: ticket ${ticket} overtakes ${other}`)
    }
    this.#waiting.delete(ticket)
    server.leases.add(ticket)
  }

  // Who is first of all and needs nothing gone must be loading, or on its way: nothing may hold it up.
  #checkFirst (): void {
    const first = [...this.#waiting].find(([ticket]) => this.#scheduler.position(ticket) === 1)?.[1].model
    if (first === undefined || this.#servers.some(({ model }) => model === first) || this.#isBegun(first)) return
    if (this.#options.policy.evictions(first, this.#servers.map((server) => createResident(server))).length === 0 && !this.#isExcluded(first)) {
      throw new Error(`invariant 3: ${first} is first, has all the room it needs, and is not started`)
    }
  }

  // By a swap that was begun before.
  #isExcluded (model: string): boolean {
    return MODELS.some((other) => other !== model && this.#isBegun(other) && this.#find(other, this.#generationOf(other)) === undefined)
  }

  #isBegun (model: string): boolean {
    return this.#scheduler.holdsRoom({ model, generation: this.#generationOf(model) })
  }

  #generationOf (model: string): number {
    return this.#options.models.get(model)?.generation ?? -1
  }

  #end (server: Server): void {
    server.state = 'stopping'
    for (const ticket of server.leases) this.#orphans.add(ticket)
    server.leases.clear()
  }

  #find (model: string, generation: number): Server | undefined {
    return this.#servers.find((server) => server.model === model && server.generation === generation)
  }

  #waits (model: string): boolean {
    return [...this.#waiting.values()].some((waiting) => waiting.model === model)
  }

  #possible (choice: number): SchedulerEvent[] {
    const models = [...this.#options.models.keys()]
    const events = models.map((model) => request(++this.#ticket, model, { priority: choice % 11 === 0 ? 1 : 0, deadline: choice % 13 === 0 ? choice % 5000 : undefined }))
    for (const ticket of this.#waiting.keys()) events.push({ type: 'cancel', ticket })
    for (const { model, generation, state, leases } of this.#servers) {
      for (const ticket of leases) events.push({ type: 'released', ticket })
      if (state === 'starting') events.push(about('ready', model, generation), about('ready', model, generation), { type: 'failed', model, generation, error: new Error('start'), stuck: choice % 5 === 0 })
      if (state === 'ready' && choice % 3 === 0) events.push(about('crashed', model, generation))
      if (state === 'stopping' || state === 'stuck') events.push(about('stopped', model, generation))
      if (state === 'stopping' && choice % 5 === 0) events.push(about('stuck', model, generation))
      if (choice % 4 === 0) events.push({ type: 'unload', model, force: choice % 8 === 0 })
    }
    for (const ticket of this.#orphans) events.push({ type: 'released', ticket })
    if (choice % 17 === 0) events.push({ type: 'reconfigured', options: this.#changed(choice) })
    return events
  }

  // One model is changed, removed, or back again.
  #changed (choice: number): SchedulerOptions {
    const models = new Map(this.#options.models)
    const model = MODELS[choice % MODELS.length]!
    const old = models.get(model)
    this.#generation++
    if (old !== undefined && choice % 3 === 0 && models.size > 2) models.delete(model)
    else models.set(model, { ...(old ?? { ttl: 0, priority: 0, limit: 0 }), generation: this.#generation })
    return { ...this.#options, models }
  }

  #generation = 0
}
