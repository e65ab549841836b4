import { pathToFileURL } from 'node:url'
import { optionsFor } from '../../test/helper/scheduler-world.ts'
import type { Setting } from '../../test/helper/scheduler-world.ts'
import { kinds, timeEvents } from './closed-loop.ts'
import type { Kind, Samples } from './closed-loop.ts'

/** One is being served, a thousand others wait. */
const MODELS = 1001
const WAITERS = [10, 100, 1000, 10_000]
const EVENTS = 1000
const WARM_UP = 500
/** The quietest of so many rounds counts, for each figure: the machine has other things to do, and not always the same. */
const ROUNDS = 7

interface Layout {
  readonly name: string
  readonly setting: Setting
  readonly parked?: boolean
}

const models = Array.from({ length: MODELS }, (_, index) => `model-${index}`)
const even = models.filter((_, index) => index % 2 === 0)
const odd = models.filter((_, index) => index % 2 === 1)

const layouts: readonly Layout[] = [
  { name: 'one group that swaps', setting: {} },
  { name: '10 groups of 100 that do not swap', setting: groups(10, { swap: false }) },
  { name: '1,000 groups of one model', setting: groups(MODELS, {}) },
  { name: '1,000 groups of one model, `fifo`', setting: { routing: { ...groups(MODELS, {}).routing, routing: { scheduler: { use: 'fifo' } } } } },
  { name: 'matrix: one of 1,000', setting: matrix({ all: models.join(' | ') }) },
  { name: 'matrix: one of 500 beside one of 500', setting: matrix({ all: `(${even.join(' | ')}) & (${odd.join(' | ')})` }) },
  { name: 'matrix: 500 sets of two', setting: matrix(Object.fromEntries(odd.map((model, index) => [`set-${index}`, `${even[index]!} & ${model}`]))) },
  { name: '10 groups of 100 that swap, beside each other', setting: groups(10, { exclusive: false }) },
  { name: '100 groups of 10 that swap, beside each other', setting: groups(100, { exclusive: false }) },
  { name: '10 groups of 100 that neither swap nor exclude', setting: groups(10, { swap: false, exclusive: false }), parked: true }
]

function groups (count: number, more: { swap?: boolean, exclusive?: boolean }): Setting {
  return { routing: { groups: Object.fromEntries(Array.from({ length: count }, (_, group) => [`group-${group}`, { ...more, members: models.filter((_, index) => index % count === group) }])) } }
}

function matrix (sets: Record<string, string>): Setting {
  return { routing: { matrix: { sets } } }
}

interface Figures {
  readonly name: string
  readonly waiters: number
  /** Microseconds. */
  readonly of: Readonly<Record<Kind, { readonly p50: number, readonly p99: number }>>
}

/** Two Markdown tables of microseconds: the dearest kind of event for each layout and number of waiters, and all kinds. */
export function eventTables (): string {
  const figures = layouts.flatMap(({ name, setting, parked = false }) => WAITERS.map((waiters): Figures => {
    const options = optionsFor({ ...setting, models, maxQueue: Infinity })
    const rounds = Array.from({ length: ROUNDS }, () => timeEvents({ options, waiters, parked, events: EVENTS, warmUp: WARM_UP }))
    return { name, waiters, of: Object.fromEntries(kinds.map((kind) => [kind, { p50: quietest(rounds, kind, 0.5), p99: quietest(rounds, kind, 0.99) }])) as Figures['of'] }
  }))
  const curve = layouts.map(({ name }) => [name, ...figures.filter((row) => row.name === name).map(({ of }) => text(dearest(of)))])
  const all = figures.map(({ name, waiters, of }) => [name, waiters.toLocaleString('en'), ...kinds.map((kind) => text(of[kind]))])
  return [
    table(['Who runs beside whom', ...WAITERS.map((waiters) => `${waiters.toLocaleString('en')} wait`)], curve),
    table(['Who runs beside whom', 'Wait for other models', ...kinds], all)
  ].join('\n\n')
}

function dearest (of: Figures['of']): Figures['of'][Kind] {
  return kinds.map((kind) => of[kind]).reduce((one, other) => other.p99 > one.p99 ? other : one)
}

function text ({ p50, p99 }: { p50: number, p99: number }): string {
  return `${p50.toFixed(1)} / ${p99.toFixed(1)}`
}

function table (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  return [head, head.map((_, column) => column === 0 ? '---' : '--:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function quietest (rounds: readonly Samples[], kind: Kind, quantile: number): number {
  return Math.min(...rounds.map((samples) => {
    const sorted = [...samples[kind]].sort((a, b) => a - b)
    return sorted[Math.ceil(sorted.length * quantile) - 1]!
  }))
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) console.log(eventTables())
