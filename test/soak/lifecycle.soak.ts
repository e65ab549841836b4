import { randomInt, randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { isAlive, startPort } from '../helper/app.ts'
import { atRest } from '../helper/at-rest.ts'
import type { Counts } from '../helper/at-rest.ts'
import { envNumber } from '../helper/env-number.ts'
import { faults, pickFault } from './helper/faults.ts'
import { createRandom } from './helper/random.ts'
import { servers } from './helper/servers.ts'
import { startGateway } from './helper/start-gateway.ts'
import type { Gateway } from './helper/start-gateway.ts'

// Fewer than 200 are too few for objects and memory to settle.
const CYCLES = envNumber('SOAK_CYCLES') ?? 1000
const SEED = envNumber('SOAK_SEED') ?? randomInt(2 ** 31)
// By then everything that is made once is there. Objects and memory need longer: each fault's code has run, and been optimized.
const FIRST = Math.min(10, CYCLES)
const HALF = Math.max(FIRST, Math.floor(CYCLES / 2))
const MB = 1024 * 1024
const MAX_GROWTH = 10 * MB
// The last one of a kind may still be held by a variable; undici keeps some closures for 30 s in its timers.
const MAX_MORE_OBJECTS = 4
const MAX_MORE_FUNCTIONS = 100

t.test(`${CYCLES} loads and unloads with faults leave nothing behind`, { skip: process.platform !== 'linux', timeout: 600_000 }, async (t) => {
  report(`SOAK_SEED=${SEED}`)
  const random = createRandom(SEED)
  const instance = randomUUID()
  const gateway = await startGateway(t, { startPort: startPort(), unloadTimeout: 1, models: servers }, instance)
  const since = performance.now()
  const seen: Record<string, number> = {}
  let first: Counts | undefined
  let half: { counts: Counts, objects: Counts, memory: number } | undefined

  for (let cycle = 1; cycle <= CYCLES; cycle++) {
    const name = pickFault(random)
    seen[name] = (seen[name] ?? 0) + 1
    try {
      await runCycle(gateway, () => faults[name]!.run(gateway, random))
    } catch (error) {
      throw new Error(`cycle ${cycle}, SOAK_SEED=${SEED}: ${name}: ${(error as Error).message}`)
    }
    if (cycle === FIRST) first = await atRest(gateway.counts)
    if (cycle === HALF) half = await figures(gateway, first!)
    if (cycle % 100 === 0) report(`${cycle} cycles after ${((performance.now() - since) / 1000).toFixed(0)} s`)
  }
  const last = await figures(gateway, first!)

  report(inWords(seen))
  report(inWords(last.counts))
  report(`RSS ${megabytes(half!.memory)} after cycle ${HALF}, ${megabytes(last.memory)} after cycle ${CYCLES}`)
  t.strictSame(half!.counts, first, `after cycle ${HALF} all is as after cycle ${FIRST}`)
  t.strictSame(last.counts, first, `after cycle ${CYCLES} all is as after cycle ${FIRST}`)
  for (const [name, count] of Object.entries(last.objects)) {
    const more = count - half!.objects[name]!
    t.ok(more <= (name === 'Function' ? MAX_MORE_FUNCTIONS : MAX_MORE_OBJECTS), `${name}: ${count} after cycle ${CYCLES}, ${more} more than after cycle ${HALF}`)
  }
  t.ok(last.memory - half!.memory <= MAX_GROWTH, `RSS: ${megabytes(last.memory - half!.memory)} more than after cycle ${HALF}`)
  t.strictSame(processesOf(instance), [], 'no process of its servers is left')
  t.strictSame(await gateway.close(), { exit: 0, printed: '' }, 'it ends by itself, and had nothing to complain about')
})

function report (line: string): void {
  console.error(line)
}

function megabytes (bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`
}

function inWords (counts: Counts): string {
  return Object.entries(counts).map(([name, count]) => `${name}: ${count}`).join(', ')
}

/** One fault, then the end of all servers. */
async function runCycle (gateway: Gateway, run: () => Promise<void>): Promise<void> {
  const late = new AbortController()
  const deadline = delay(30_000, undefined, { signal: late.signal }).then(async () => {
    throw new Error(`not over after 30 s: ${(await gateway.busy()).join(', ')}`)
  })
  const cycle = async (): Promise<void> => {
    await run()
    const code = await gateway.unload()
    if (code !== undefined) throw new Error(`unload: ${code}`)
    const busy = await gateway.busy()
    if (busy.length > 0) throw new Error(`not at rest: ${busy.join(', ')}`)
  }
  try {
    await Promise.race([cycle(), deadline])
  } finally {
    late.abort()
    deadline.catch(() => {})
  }
}

async function figures (gateway: Gateway, expected: Counts): Promise<{ counts: Counts, objects: Counts, memory: number }> {
  return { counts: await atRest(gateway.counts, expected), objects: await gateway.objects(), memory: await gateway.memory() }
}

/** Every live process of an instance's servers, wherever it went. */
function processesOf (instance: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(` ${instance}\0`) && isAlive(pid)
    } catch {
      return false
    }
  })
}
