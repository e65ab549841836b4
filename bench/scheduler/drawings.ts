import { fileURLToPath } from 'node:url'
import type { Order } from '../../lib/scheduler/order.ts'
import { optionsOf } from './table.ts'
import { seeded, uniform } from './random.ts'
import { simulate } from './simulate.ts'
import type { Run } from './simulate.ts'
import { drawTimeline } from './timeline.ts'
import type { Timeline } from './timeline.ts'
import type { Arrival, Workload } from './workload.ts'

export interface Drawing {
  readonly file: string
  readonly svg: string
}

const captions = {
  fair: {
    title: 'fair: whoever has waited 10 s for room closes it to those who come after',
    description: 'chat is asked for all the time. coder waits for 10 seconds, then chat lets nobody new in, drains, and coder is loaded; vision and chat follow in the order of their first waiters.'
  },
  fifo: {
    title: 'fifo: whoever finds a ready model is served, and the others wait until it is idle',
    description: 'The same requests. chat is never idle as long as it is asked for, so that coder and vision wait until that has ended.'
  }
}

/** docs/scheduling-fair.svg and docs/scheduling-fifo.svg: the same requests in both orders. */
export function drawings (): Drawing[] {
  return (['fair', 'fifo'] as const).map((use) => {
    const options = optionsOf(workload, use)
    const run = simulate(workload, options)
    const timeline = { ...captions[use], order: options.order, models: [...workload.models.keys()], until: 64_000, notes: use === 'fair' ? notesFor(run, options.order) : [] }
    return { file: fileURLToPath(new URL(`../../docs/scheduling-${use}.svg`, import.meta.url)), svg: drawTimeline(run, timeline) }
  })
}

function notesFor ({ requests, lives }: Run, { maxWait }: Order): Timeline['notes'] {
  const first = requests.find(({ model }) => model === 'coder')!
  const kept = lives.find(({ model }) => model === 'vision')!
  return [
    { model: 'coder', at: first.arrivedAt + maxWait, text: 'has waited 10 s: chat lets nobody new in' },
    { model: 'vision', at: kept.idleAt, text: 'others wait: kept for as long as its load took' }
  ]
}

const workload: Workload = {
  models: new Map([['chat', { load: 3000, stop: 500 }], ['coder', { load: 4000, stop: 500 }], ['vision', { load: 5000, stop: 500 }]]),
  arrivals: arrivals()
}

// chat is asked for every second or so, the others now and then.
function arrivals (): Arrival[] {
  const random = seeded(7)
  const all: Arrival[] = [
    { at: 6000, model: 'coder', service: 3000 }, { at: 9000, model: 'coder', service: 2500 }, { at: 26_500, model: 'coder', service: 2500 },
    { at: 14_000, model: 'vision', service: 4000 }, { at: 31_000, model: 'vision', service: 2500 }
  ]
  for (let at = 500; at < 44_000; at += uniform(random, 700, 1500)) all.push({ at, model: 'chat', service: uniform(random, 1500, 3500) })
  return all.sort((a, b) => a.at - b.at)
}
