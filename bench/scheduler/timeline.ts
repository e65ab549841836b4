import type { Order } from '../../lib/scheduler/order.ts'
import { measure } from './measures.ts'
import type { Life, Request, Run } from './simulate.ts'

export interface Timeline {
  readonly title: string
  /** What it shows, for those who do not see it. */
  readonly description: string
  readonly order: Order
  /** From top to bottom. */
  readonly models: readonly string[]
  /** Where the axis ends, in milliseconds. */
  readonly until: number
  /** Something to say of a moment in a model's lane. */
  readonly notes: ReadonlyArray<{ readonly model: string, readonly at: number, readonly text: string }>
}

/** Of a server, in their order. */
const states = ['loading', 'serving', 'draining', 'idle', 'stopping'] as const
type State = typeof states[number]

const WIDTH = 960
const LEFT = 76
const RIGHT = 14
const TOP = 78
const BAR = 18
/** From one waiting request's line to the next. */
const ROW = 4
const GAP = 26
const TICK = 7

const style = `
text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.model { font-weight: 600; text-anchor: end }
.axis, .note { fill: #59636e; font-size: 11px }
.axis { text-anchor: middle }
.end { text-anchor: end }
.page { fill: #ffffff }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.lane { fill: #f2f4f7 }
.loading { fill: #f5c451 }
.serving { fill: #2f81d8 }
.draining { fill: #a3cbf2 }
.idle { fill: #d5dbe1 }
.stopping { fill: #8b949e }
.request { stroke: #1f2328; stroke-width: 1.25 }
.wait { stroke: #cf222e; stroke-width: 1.25 }
.mark { stroke: #59636e; stroke-width: 1; stroke-dasharray: 3 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .axis, .note { fill: #9198a1 }
  .page { fill: #0d1117 }
  .grid { stroke: #2a313a }
  .lane { fill: #161b22 }
  .loading { fill: #c28f1e }
  .serving { fill: #3d8fe6 }
  .draining { fill: #234e7d }
  .idle { fill: #343b44 }
  .stopping { fill: #6e7681 }
  .request { stroke: #e6edf3 }
  .wait { stroke: #ff6b61 }
  .mark { stroke: #9198a1 }
}`

/** Draws a run: a lane for each model with its server's states, a tick for each request, and above them a line for as long as it waits. */
export function drawTimeline (run: Run, { title, description, order, models, until, notes }: Timeline): string {
  const { requests, lives } = run
  const x = (at: number): number => round(LEFT + at * (WIDTH - LEFT - RIGHT) / until)
  const parts: string[] = []
  let y = TOP
  for (const model of models) {
    const own = requests.filter((request) => request.model === model)
    const rows = stack(own)
    const marks = notes.filter((note) => note.model === model)
    const bar = y + (1 + Math.max(2, ...rows.map((row) => row + 1))) * ROW + (marks.length > 0 ? 14 : 0)
    parts.push(`<text class="model" x="${LEFT - 10}" y="${bar + 13}">${escape(model)}</text>`)
    parts.push(rect('lane', LEFT, bar, WIDTH - LEFT - RIGHT))
    for (const life of lives.filter((life) => life.model === model)) {
      for (const [state, from, to] of statesOf(life, closedAt(life, requests, order), until)) if (to > from) parts.push(rect(state, x(from), bar, round(x(to) - x(from))))
    }
    for (const { at, text } of marks) {
      parts.push(line('mark', x(at), y + 4, x(at), bar), `<text class="note" x="${x(at) + 5}" y="${y + 12}">${escape(text)}</text>`)
    }
    for (const [index, { arrivedAt, grantedAt }] of own.entries()) {
      const height = grantedAt > arrivedAt ? bar - (rows[index]! + 1) * ROW : bar
      if (height < bar) parts.push(line('wait', x(arrivedAt), height, x(Math.min(grantedAt, until)), height))
      parts.push(line('request', x(arrivedAt), round(height - TICK / 2), x(arrivedAt), round(height + TICK / 2)))
    }
    y = bar + BAR + GAP
  }
  const { mean, longest } = measure(run)
  const grid = Array.from({ length: Math.floor(until / 10_000) + 1 }, (_, index) => index * 10_000)
  const axis = grid.map((at) => `<text class="axis" x="${x(at)}" y="${y + 2}">${at / 1000} s</text>`)
  const background = [`<rect class="page" width="${WIDTH}" height="${y + 14}"/>`, ...grid.map((at) => line('grid', x(at), TOP - 14, x(at), y - 12))]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 14}" width="${WIDTH}" height="${y + 14}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    `<style>${style}</style>`,
    ...background,
    `<text class="title" x="${LEFT}" y="24">${escape(title)}</text>`,
    `<text class="note end" x="${WIDTH - RIGHT}" y="48">mean wait ${seconds(mean)}, longest ${seconds(longest)}</text>`,
    ...legend(),
    ...parts,
    ...axis,
    '</svg>',
    ''
  ].join('\n')
}

/** A row for each request that waits, the lowest that is free when it comes. */
function stack (requests: readonly Request[]): number[] {
  const busyUntil: number[] = []
  return requests.map(({ arrivedAt, grantedAt }) => {
    if (grantedAt === arrivedAt) return 0
    const free = busyUntil.findIndex((at) => at < arrivedAt)
    const row = free === -1 ? busyUntil.length : free
    busyUntil[row] = grantedAt
    return row
  })
}

/** When a server that has to make room lets nobody new in: once its time is over and somebody has waited too long for its room. */
function closedAt ({ model, readyAt, startedAt, stoppedAt, evictor }: Life, requests: readonly Request[], { maxWait, residency }: Order): number {
  if (evictor === undefined) return Infinity
  const others = requests.filter((request) => request.model !== model && request.arrivedAt < stoppedAt && request.grantedAt > stoppedAt)
  return Math.max(readyAt + residency(readyAt - startedAt), Math.min(...others.map(({ arrivedAt }) => arrivedAt)) + maxWait)
}

function statesOf ({ startedAt, readyAt, idleAt, stoppedAt, goneAt }: Life, closedAt: number, until: number): Array<[State, number, number]> {
  const times = [startedAt, readyAt, Math.min(closedAt, idleAt), idleAt, stoppedAt, goneAt].map((at) => Math.min(at, until))
  return states.map((state, index) => [state, times[index]!, times[index + 1]!])
}

function legend (): string[] {
  const parts: string[] = []
  let x = LEFT
  for (const state of states) {
    parts.push(`<rect class="${state}" x="${x}" y="38" width="14" height="12" rx="2"/>`, `<text x="${x + 20}" y="48">${state}</text>`)
    x += 94
  }
  parts.push(line('request', x + 4, 40, x + 4, 48), `<text x="${x + 14}" y="48">request</text>`)
  parts.push(line('request', x + 94, 40, x + 94, 48), line('wait', x + 94, 44, x + 122, 44), `<text x="${x + 130}" y="48">and its wait</text>`)
  return parts
}

function rect (kind: string, x: number, y: number, width: number): string {
  return `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${BAR}"/>`
}

function line (kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`
}

function round (value: number): number {
  return Math.round(value * 10) / 10
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function escape (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
