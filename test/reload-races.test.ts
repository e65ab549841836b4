// Reloads at every possible moment of a model's life: servers and clock are the test's, since such moments cannot be had with real ones.
import fc from 'fast-check'
import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import type { Config } from '../lib/config/config.ts'
import { createBus } from '../lib/events.ts'
import { Manager } from '../lib/manager/manager.ts'
import type { ConfigInput, Lease, StateEvent } from '../index.ts'
import { VirtualClock, VirtualLauncher, settle } from './helper/virtual.ts'
import type { VirtualHandle } from './helper/virtual.ts'

const MODELS = ['a', 'b']

/** Each model as one of two commands, or not at all. */
async function configOf (variants: readonly number[], ttl = 0): Promise<Config> {
  const models: NonNullable<ConfigInput['models']> = {}
  for (const [index, id] of MODELS.entries()) {
    const variant = variants[index]!
    if (variant > 0) models[id] = { cmd: `server ${variant}`, proxy: 'http://127.0.0.1:9', checkEndpoint: 'none', ttl }
  }
  return (await loadConfig({ models })).config
}

async function createManager (variants: readonly number[]): Promise<{ clock: VirtualClock, launcher: VirtualLauncher, manager: Manager, events: StateEvent[] }> {
  const clock = new VirtualClock()
  const launcher = new VirtualLauncher()
  const bus = createBus((error) => { throw error })
  const events: StateEvent[] = []
  bus.on('state', (event) => events.push(event))
  return { clock, launcher, events, manager: new Manager({ config: await configOf(variants), clock, launcher, bus }) }
}

/** What can happen, as numbers choose it. */
class World {
  readonly #all: Awaited<ReturnType<typeof createManager>>
  readonly #leases: Lease[] = []
  readonly #crashes: boolean
  readonly #ended = new Set<VirtualHandle>()
  #waiting = 0
  #variants = [1, 1]
  readonly trace: string[] = []

  constructor (all: Awaited<ReturnType<typeof createManager>>, crashes: boolean) {
    this.#all = all
    this.#crashes = crashes
  }

  async step (choice: number): Promise<void> {
    const { manager, launcher, clock } = this.#all
    const model = MODELS[choice % 2]!
    const living = launcher.handles.filter((handle) => !this.#ended.has(handle))
    const handle = living[choice % Math.max(1, living.length)]
    const actions: Array<[string, () => void | Promise<void>]> = [
      ['acquire', () => this.#acquire(model)],
      ['release', () => this.#leases.splice(choice % Math.max(1, this.#leases.length), 1)[0]?.release()],
      ['place', () => handle?.place()],
      ['place', () => handle?.place()],
      ['end', () => this.#endStopped()],
      ['reload', async () => {
        this.#variants = this.#variants.map((variant, index) => index === choice % 2 ? (choice >> 4) % 3 : variant)
        manager.reconfigure(await configOf(this.#variants, choice % 5), [])
      }],
      ['advance', () => clock.advance(choice % 3000)],
      ['look', () => { for (const { leases } of manager.status().models) if (leases < 0) throw new Error('negative') }]
    ]
    if (this.#crashes) actions.push(['die', () => handle?.die()], ['refuse', () => handle?.refuse()], ['unload', () => { void manager.unload().catch(() => {}) }])
    const [name, act] = actions[(choice >> 2) % actions.length]!
    this.trace.push(`${name} ${choice} (${this.#variants.join()})`)
    await act()
    // At times the next thing comes before everything has settled.
    if (choice % 3 > 0) await settle()
    this.check()
  }

  check (): void {
    const living = this.#all.launcher.handles.filter((handle) => !this.#ended.has(handle) && handle.state !== 'exited')
    if (living.length > 1) throw new Error(`${living.length} servers at once`)
    if (!this.#crashes && this.#leases.some(({ signal }) => signal.aborted)) throw new Error('a lease was cut')
  }

  /** Lets everything come to its end: nobody may be left waiting, and nothing of an earlier config. */
  async end (): Promise<void> {
    const { manager, launcher, clock } = this.#all
    for (let i = 0; i < 60; i++) {
      for (const lease of this.#leases.splice(0)) lease.release()
      for (const handle of launcher.handles) handle.place()
      this.#endStopped()
      await settle()
      // Whatever else is waited for is a matter of time.
      clock.advance(1000)
      this.check()
    }
    const { outgoing } = manager.status()
    if (this.#waiting > 0 || outgoing.length > 0) throw new Error(`${this.#waiting} left waiting, ${JSON.stringify(outgoing)} left`)
    const closed = manager.close()
    for (let i = 0; i < 5; i++) {
      this.#endStopped()
      await settle()
    }
    await closed
  }

  #acquire (model: string): void {
    this.#waiting++
    this.#all.manager.acquire(model).then((lease) => { this.#leases.push(lease) }, () => {}).finally(() => { this.#waiting-- })
  }

  #endStopped (): void {
    for (const handle of this.#all.launcher.handles) {
      if (handle.stops === 0 || this.#ended.has(handle)) continue
      this.#ended.add(handle)
      handle.end()
    }
  }
}

for (const crashes of [false, true]) {
  t.test(`reloads at random moments${crashes ? ', and crashes' : ''}: nobody is left waiting, no lease is cut, never two servers at once`, async (t) => {
    const property = fc.asyncProperty(fc.array(fc.nat(1_000_000), { minLength: 5, maxLength: 60, size: 'max' }), async (choices) => {
      const world = new World(await createManager([1, 1]), crashes)
      try {
        for (const choice of choices) await world.step(choice)
        await world.end()
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${world.trace.join('\n')}`)
      }
    })
    await fc.assert(property, { numRuns: 300 })
    t.pass()
  })
}

t.test('an old server that cannot be killed: who waits for the new one is told so at once, and gets it when it is gone after all', async (t) => {
  const { clock, launcher, manager, events } = await createManager([1, 1])
  const first = manager.acquire('a')
  launcher.handles[0]!.place()
  const lease = await first
  manager.reconfigure(await configOf([2, 1]), [])
  const waiting = manager.acquire('a')
  const told = t.rejects(waiting, { code: 'FST_LS_STUCK' })
  lease.release()
  await settle()
  clock.advance(20_000)
  await told
  t.match(manager.status(), { models: [{ model: 'a', state: 'stopped' }, {}], outgoing: [{ model: 'a', state: 'stuck' }] })
  await t.rejects(manager.acquire('a'), { code: 'FST_LS_STUCK' })
  await t.rejects(manager.acquire('b'), { code: 'FST_LS_STUCK' }, 'it keeps its room')
  launcher.handles[0]!.end()
  await settle()
  t.strictSame(manager.status().outgoing, [])
  const next = manager.acquire('a')
  launcher.handles[1]!.place()
  ;(await next).release()
  t.match(events.slice(2, 5), [{ to: 'stopping', cause: 'reload' }, { to: 'stuck', cause: 'reload' }, { to: 'stopped', cause: 'reload' }])
  const closed = manager.close()
  await settle()
  launcher.handles[1]!.end()
  await closed
})
