import { pathToFileURL } from 'node:url'
import { optionsFor } from '../../test/helper/scheduler-world.ts'
import type { Setting } from '../../test/helper/scheduler-world.ts'
import { kinds, timeEvents } from './closed-loop.ts'
import type { Kind, Samples } from './closed-loop.ts'

/** One is being served, a thousand others wait. */
const MODELS = 1001
const WAITERS = [0, 1000, 10_000]
const EVENTS = 1000
const WARM_UP = 500
/** The quietest of so many rounds counts, for each figure: the machine has other things to do, and not always the same. */
const ROUNDS = 5

interface Layout {
  readonly name: string
  readonly setting: Setting
  readonly parked?: boolean
}

const models = Array.from({ length: MODELS }, (_, index) => `model-${index}`)

const layouts: readonly Layout[] = [
  { name: 'default group', setting: {} },
  { name: '10 non-swapping groups', setting: { routing: { groups: nonSwapping(10, true) } } },
  { name: '100 non-swapping groups', setting: { routing: { groups: nonSwapping(100, true) } } },
  { name: '10 non-swapping, not exclusive', setting: { routing: { groups: nonSwapping(10, false) } }, parked: true }
]

function nonSwapping (count: number, exclusive: boolean): Record<string, { swap: boolean, exclusive: boolean, members: string[] }> {
  return Object.fromEntries(Array.from({ length: count }, (_, group) => [`group-${group}`, { swap: false, exclusive, members: models.filter((_, index) => index % count === group) }]))
}

/** A Markdown table of microseconds: p50 / p99 for each kind of event. */
export function eventTable (): string {
  const rows = layouts.flatMap(({ name, setting, parked = false }) => WAITERS.map((waiters) => {
    const options = optionsFor({ ...setting, models, maxQueue: Infinity })
    const rounds = Array.from({ length: ROUNDS }, () => timeEvents({ options, waiters, parked, events: EVENTS, warmUp: WARM_UP }))
    return [name, waiters.toLocaleString('en'), ...kinds.map((kind) => `${quietest(rounds, kind, 0.5)} / ${quietest(rounds, kind, 0.99)}`)]
  }))
  return [['Groups', 'Wait for other models', ...kinds], Array(kinds.length + 2).fill('---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function quietest (rounds: readonly Samples[], kind: Kind, quantile: number): string {
  return Math.min(...rounds.map((samples) => {
    const sorted = [...samples[kind]].sort((a, b) => a - b)
    return sorted[Math.ceil(sorted.length * quantile) - 1]!
  })).toFixed(1)
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) console.log(eventTable())
