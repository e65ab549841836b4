import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { createBus } from '../lib/events.ts'
import { Manager } from '../lib/manager/manager.ts'
import { VirtualClock, VirtualLauncher, settle } from './helper/virtual.ts'

/** A manager whose servers and clock are the test's: 1,000 races cannot be had with real ones. */
async function world (ttl: number, globalTTL = 0) {
  const { config } = await loadConfig({ globalTTL, models: { a: { cmd: 'server', proxy: 'http://127.0.0.1:9', checkEndpoint: 'none', ttl } } })
  const clock = new VirtualClock()
  const launcher = new VirtualLauncher()
  const manager = new Manager({ config, clock, launcher, bus: createBus((error) => { throw error }) })
  /** Lets starts and stops that are under way come to their ends. */
  const play = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await settle()
      for (const handle of launcher.handles) {
        if (handle.state === 'starting') handle.place()
        if (handle.stops > 0) handle.end()
      }
    }
    await settle()
  }
  return { clock, launcher, manager, play, state: () => manager.status().models[0]!.state }
}

t.test('counts from the end of the last lease, and never cuts one', async (t) => {
  const { clock, manager, play, state } = await world(10)
  const waiting = manager.acquire('a')
  await play()
  const lease = await waiting
  clock.advance(3_600_000)
  await play()
  t.equal(state(), 'ready')
  lease.release()
  clock.advance(9_999)
  await play()
  t.equal(state(), 'ready')
  clock.advance(1)
  await play()
  t.equal(state(), 'stopped')
})

t.test('counts from ready for a model that nobody took', async (t) => {
  const { clock, manager, play, state } = await world(10)
  const waiting = manager.request({ kind: 'local', model: 'a', name: 'a' })
  waiting.cancel(new Error('gone'))
  await play()
  t.equal(state(), 'ready')
  clock.advance(10_000)
  await play()
  t.equal(state(), 'stopped')
})

t.test('0 is never, -1 is globalTTL', async (t) => {
  for (const [ttl, globalTTL, after] of [[0, 5, 'ready'], [-1, 5, 'stopped'], [-1, 0, 'ready']] as const) {
    const { clock, manager, play, state } = await world(ttl, globalTTL)
    const loading = manager.load('a')
    await play()
    await loading
    clock.advance(3_600_000)
    await play()
    t.equal(state(), after, `ttl ${ttl}, globalTTL ${globalTTL}`)
  }
})

t.test('a request that arrives as the time to live ends gets an answer, 1,000 times', async (t) => {
  const { clock, launcher, manager, play } = await world(10)
  for (let round = 0; round < 1000; round++) {
    const loading = manager.load('a')
    await play()
    await loading
    // Before, at, and after the end, and in every stage of the stop that follows.
    clock.advance(9_998 + round % 5)
    if (round % 3 === 0) await settle()
    if (round % 7 === 0) for (const handle of launcher.handles) if (handle.stops > 0) handle.end()
    const racing = manager.acquire('a')
    await play()
    const lease = await racing
    if (lease.signal.aborted) t.fail(`round ${round}: granted a lease on a server that stops`)
    lease.release()
    clock.advance(20_000)
    await play()
  }
  t.equal(launcher.handles.filter(({ state }) => state !== 'exited').length, 0)
})
