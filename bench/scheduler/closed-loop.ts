import type { Effect, SchedulerEvent, SchedulerOptions } from '../../lib/scheduler/messages.ts'
import { Scheduler } from '../../lib/scheduler/scheduler.ts'
import { Future } from './future.ts'
import { seeded, uniform } from './random.ts'

/** Clients of each model that is asked for. */
const CLIENTS = 10
const LOAD = 1000
const STOP = 100
const SERVICE = 1000
const DEADLINE = 600_000
export const kinds = ['request', 'cancel', 'released', 'ready', 'stopped', 'tick'] as const

export type Kind = typeof kinds[number]
/** Microseconds that the scheduler has taken, for each event of a kind. */
export type Samples = Readonly<Record<Kind, readonly number[]>>

export interface Load {
  readonly options: SchedulerOptions
  /** How many requests wait at any time for other models than the one that is served. */
  readonly waiters: number
  /** How many events of each kind are measured, and let go by before that. */
  readonly events: number
  readonly warmUp: number
  /** Whether the models that wait never get ready, since nothing else would make anybody wait. */
  readonly parked: boolean
}

/** Those that wait, to be taken by ticket or at random; without garbage, whose collection would be measured along. */
class Waiting {
  readonly #tickets: number[] = []
  /** By ticket: the model, and where in the list it is. */
  readonly #places = new Map<number, { readonly model: string, index: number }>()

  get size (): number { return this.#tickets.length }
  at (index: number): number { return this.#tickets[index]! }

  add (ticket: number, model: string): void {
    this.#places.set(ticket, { model, index: this.#tickets.push(ticket) - 1 })
  }

  /** Its model. */
  take (ticket: number): string {
    const { model, index } = this.#places.get(ticket)!
    this.#places.delete(ticket)
    const last = this.#tickets.pop()!
    if (last !== ticket) {
      this.#tickets[index] = last
      this.#places.get(last)!.index = index
    }
    return model
  }
}

/**
 * Keeps a scheduler busy with a constant number of waiters and times each event. Ten clients ask for a model, are served side by side, and ask for
 * another one that nobody asks for yet; now and then one of those that wait leaves, and another comes in its place.
 */
export function timeEvents ({ options, waiters, events, warmUp, parked }: Load): Samples {
  const scheduler = new Scheduler(options)
  const random = seeded(1)
  const models = [...options.models.keys()]
  const samples: Record<Kind, number[]> = { request: [], cancel: [], released: [], ready: [], stopped: [], tick: [] }
  const seen: Record<Kind, number> = { request: 0, cancel: 0, released: 0, ready: 0, stopped: 0, tick: 0 }
  const future = new Future<SchedulerEvent>()
  const waiting = new Waiting()
  const served = new Map<number, string>()
  const clients = new Map<string, number>()
  const isParked = new Set<string>()
  let now = 0
  let ticket = 0
  let turn = 0
  let wakeAt = Infinity

  function send (event: SchedulerEvent): void {
    const begin = performance.now()
    const effects = scheduler.handle(event, now)
    const took = performance.now() - begin
    if (event.type in seen && ++seen[event.type as Kind] > warmUp) samples[event.type as Kind].push(took * 1000)
    for (const effect of effects) apply(effect)
  }

  function apply (effect: Effect): void {
    switch (effect.type) {
      case 'start':
        if (!isParked.has(effect.model)) future.add(now + LOAD, { type: 'ready', model: effect.model, generation: 0 })
        break
      case 'stop':
        future.add(now + STOP, { type: 'stopped', model: effect.model, generation: 0 })
        break
      case 'grant':
        served.set(effect.ticket, waiting.take(effect.ticket))
        future.add(now + SERVICE, { type: 'released', ticket: effect.ticket })
        break
      case 'reject':
        replace(effect.ticket)
        break
      case 'wakeAt':
        wakeAt = Math.max(effect.at, now)
        future.add(wakeAt, { type: 'tick' })
    }
  }

  function ask (model: string): void {
    clients.set(model, (clients.get(model) ?? 0) + 1)
    waiting.add(++ticket, model)
    send({ type: 'request', ticket, model, priority: 0, deadline: uniform(random, DEADLINE / 2, DEADLINE), cause: 'request' })
  }

  function leave (model: string): void {
    const left = clients.get(model)! - 1
    if (left > 0) clients.set(model, left)
    else {
      clients.delete(model)
      // Nothing else would stop it.
      if (parked) send({ type: 'unload', model, force: false })
      come()
    }
  }

  function replace (gone: number): void {
    const model = waiting.take(gone)
    clients.set(model, clients.get(model)! - 1)
    ask(model)
  }

  // The next clients; for a model that nobody asks for.
  function come (): string {
    do turn = (turn + 1) % models.length; while (clients.has(models[turn]!))
    for (let i = 0; i < CLIENTS; i++) ask(models[turn]!)
    return models[turn]!
  }

  for (let i = 0; i < waiters / CLIENTS; i++) {
    const model = come()
    if (parked) isParked.add(model)
  }
  come()
  while (kinds.some((kind) => samples[kind].length < events)) {
    const next = future.take()!
    now = Math.max(now, next.at)
    if (next.what.type === 'tick' && next.at !== wakeAt) continue
    send(next.what)
    if (next.what.type === 'released') leave(served.get(next.what.ticket)!)
    if (next.what.type === 'released' && waiting.size > 0 && random() < 0.3) {
      const gone = waiting.at(Math.floor(random() * waiting.size))
      send({ type: 'cancel', ticket: gone })
      replace(gone)
    }
  }
  return samples
}
