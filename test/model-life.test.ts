import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { Model } from '../lib/model/model.ts'
import { transitions } from '../lib/model/transition.ts'
import type { ModelState } from '../index.ts'
import { tableOf } from './helper/snippets.ts'
import { VirtualClock, VirtualLauncher, settle } from './helper/virtual.ts'

// checkEndpoint none: placed is ready, so that no socket is needed.
const { config } = await loadConfig({ models: { a: { cmd: 'server', proxy: 'http://127.0.0.1:9', checkEndpoint: 'none' } } })

class World {
  readonly clock = new VirtualClock()
  readonly launcher = new VirtualLauncher()
  readonly states: string[] = []
  readonly pending = new Map<Promise<unknown>, string>()
  readonly outcomes: string[] = []
  readonly model: Model

  constructor () {
    this.model = new Model({
      config: config.models.get('a')!,
      launcher: this.launcher,
      clock: this.clock,
      onState: ({ from, to }) => {
        if (from === to) throw new Error('a no-op event')
        if (!Object.values(transitions[from]).includes(to)) throw new Error(`illegal: ${from} > ${to}`)
        this.states.push(`${from}>${to}`)
      },
      onLine: () => {},
      onCrash: (ended) => this.track('crash', ended),
      onUnstuck: () => {}
    })
  }

  track (name: string, promise: Promise<unknown>): void {
    this.pending.set(promise, name)
    promise.then(() => 'ok', (error: Error & { code?: string }) => error.code ?? error.message).then((outcome) => {
      this.pending.delete(promise)
      this.outcomes.push(`${name}: ${outcome}`)
    })
  }

  get live (): number { return this.launcher.handles.filter(({ state }) => state !== 'exited').length }
}

t.test('a start and a stop take every state in turn', async (t) => {
  const world = new World()
  world.track('ensure', world.model.ensureReady('request'))
  world.launcher.handles[0]!.place()
  await settle()
  t.equal(world.model.state, 'ready')
  world.track('stop', world.model.stop('unload'))
  t.equal(world.model.state, 'stopping')
  world.launcher.handles[0]!.end()
  await settle()
  t.strictSame(world.states, ['stopped>starting', 'starting>ready', 'ready>stopping', 'stopping>stopped'])
  t.strictSame(world.outcomes, ['ensure: ok', 'stop: ok'])
})

t.test('stop during start aborts the start; those who waited hear of it', async (t) => {
  const world = new World()
  world.track('ensure', world.model.ensureReady('request'))
  world.track('stop', world.model.stop('unload'))
  await settle()
  world.launcher.handles[0]!.end()
  await settle()
  t.strictSame(world.outcomes, ['ensure: FST_LS_UNLOADED', 'stop: ok'])
  t.equal(world.model.state, 'stopped')
})

t.test('ensureReady during stop waits, then starts afresh; concurrent stops are one; stop when stopped is nothing', async (t) => {
  const world = new World()
  await world.model.stop('unload')
  t.strictSame(world.states, [])
  world.track('ensure', world.model.ensureReady('request'))
  world.launcher.handles[0]!.place()
  await settle()
  world.track('stop', world.model.stop('unload'))
  world.track('stop again', world.model.stop('unload'))
  world.track('ensure again', world.model.ensureReady('request'))
  await settle()
  t.equal(world.launcher.handles.length, 1, 'not started while stopping')
  t.equal(world.launcher.handles[0]!.stops, 1)
  world.launcher.handles[0]!.end()
  await settle()
  t.equal(world.launcher.handles.length, 2)
  world.launcher.handles[1]!.place()
  await settle()
  t.strictSame(world.outcomes, ['ensure: ok', 'stop: ok', 'stop again: ok', 'ensure again: ok'])
})

t.test('waitReady starts nothing: it waits for the start of another, and hears how it ends', async (t) => {
  const world = new World()
  const leaving = new AbortController()
  world.track('wait', world.model.waitReady())
  world.track('leave', world.model.waitReady(leaving.signal))
  await settle()
  t.equal(world.launcher.handles.length, 0)
  leaving.abort()
  await settle()
  t.match(world.outcomes, [/^leave: /])
  world.track('ensure', world.model.ensureReady('request'))
  world.launcher.handles[0]!.place()
  await settle()
  t.strictSame(world.outcomes.slice(1).sort(), ['ensure: ok', 'wait: ok'])
  await world.model.waitReady()
  world.track('stop', world.model.stop('unload'))
  world.track('wait for the next', world.model.waitReady())
  world.launcher.handles[0]!.end()
  await settle()
  t.equal([...world.pending.values()].join(), 'wait for the next', 'the stop is none of its business')
  world.track('ensure again', world.model.ensureReady('request'))
  await settle()
  world.track('stop again', world.model.stop('unload'))
  await settle()
  world.launcher.handles[1]!.end()
  await settle()
  t.strictSame(world.outcomes.slice(-3).sort(), ['ensure again: FST_LS_UNLOADED', 'stop again: ok', 'wait for the next: FST_LS_UNLOADED'])
  world.track('wait', world.model.waitReady())
  world.track('shutdown', world.model.shutdown())
  await settle()
  t.strictSame(world.outcomes.slice(-2).sort(), ['shutdown: ok', 'wait: FST_LS_CLOSING'])
  await t.rejects(world.model.waitReady(), { code: 'FST_LS_CLOSING' })
})

t.test('the start deadline always fires; the error names it after the group is ended', async (t) => {
  const world = new World()
  world.track('ensure', world.model.ensureReady('request'))
  await settle()
  world.clock.advance(119_999)
  await settle()
  t.equal(world.model.state, 'starting')
  world.clock.advance(1)
  await settle()
  t.equal(world.model.state, 'stopping')
  t.strictSame(world.outcomes, [])
  world.launcher.handles[0]!.end()
  await settle()
  t.strictSame(world.outcomes, ['ensure: FST_LS_START_TIMEOUT'])
  t.match(world.model.lastError, { detail: /not ready after 120 s/ })
})

t.test('a server that cannot be killed is stuck after grace + 2 s, and stopped when it is gone after all', async (t) => {
  const world = new World()
  world.track('ensure', world.model.ensureReady('request'))
  world.launcher.handles[0]!.place()
  await settle()
  world.track('stop', world.model.stop('unload', 5000))
  world.clock.advance(7000)
  await settle()
  t.equal(world.model.state, 'stuck')
  t.strictSame(world.outcomes, ['ensure: ok', 'stop: ok'], 'the stop has settled')
  await t.rejects(world.model.ensureReady('request'), { code: 'FST_LS_STUCK', statusCode: 503 })
  world.launcher.handles[0]!.end()
  await settle()
  t.equal(world.model.state, 'stopped')
})

t.test('random interleavings: no double spawn, no waiter left, no illegal transition, no unhandled rejection', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => { unhandled.push(reason) }
  process.on('unhandledRejection', note)
  t.teardown(() => { process.off('unhandledRejection', note) })
  const actions = ['ensure', 'wait', 'wait and leave', 'stop', 'stop now', 'shutdown', 'place', 'refuse', 'die', 'end', 'advance', 'settle', 'long'] as const
  const weighted = fc.constantFrom(...actions.flatMap((action) => action === 'shutdown' || action === 'long' ? [action] : [action, action, action]))
  await fc.assert(fc.asyncProperty(fc.array(weighted, { maxLength: 60, size: 'max' }), async (sequence) => {
    const world = new World()
    const { model, launcher, clock } = world
    for (const action of sequence) {
      const last = launcher.handles.at(-1)
      switch (action) {
        case 'ensure': world.track('ensure', model.ensureReady('request')); break
        case 'wait': world.track('wait', model.waitReady()); break
        case 'wait and leave': {
          const leaving = new AbortController()
          world.track('leave', model.waitReady(leaving.signal))
          clock.after(60, () => leaving.abort())
          break
        }
        case 'stop': world.track('stop', model.stop('unload')); break
        case 'stop now': world.track('stop', model.stop('unload', 0)); break
        case 'shutdown': world.track('shutdown', model.shutdown()); break
        case 'place': last?.place(); break
        case 'refuse': last?.refuse(); break
        case 'die': last?.die(); break
        case 'end': if ((last?.stops ?? 0) > 0) last!.end(); break
        case 'advance': clock.advance(50); break
        case 'long': clock.advance(130_000); break
        case 'settle': await settle(); break
      }
      if (world.live > 1) throw new Error('two servers at once')
    }
    // Everything that is under way ends.
    await settle()
    for (let i = 0; i < 20 && (world.pending.size > 0 || model.state === 'stuck'); i++) {
      await settle()
      const last = launcher.handles.at(-1)
      if ((last?.stops ?? 0) > 0) last!.end()
      else last?.place()
      await settle()
      clock.advance(10_000)
    }
    await settle()
    // Who only waits starts nothing: the shutdown tells them.
    if ([...world.pending.values()].every((name) => name === 'wait')) {
      world.track('shutdown', model.shutdown())
      await settle()
      if ((launcher.handles.at(-1)?.stops ?? 0) > 0) launcher.handles.at(-1)!.end()
      await settle()
    }
    if (world.pending.size > 0) throw new Error(`left: ${[...world.pending.values()].join(', ')} in ${model.state} after ${sequence.join(', ')}`)
    const final: ModelState[] = ['stopped', 'ready', 'shutdown']
    if (!final.includes(model.state)) throw new Error(`it stays ${model.state}`)
  }), { numRuns: 2000 })
  t.strictSame(unhandled, [])
})

t.test('docs/lifecycle.md holds the table of the code', async (t) => {
  const doc = readFileSync(new URL('../docs/lifecycle.md', import.meta.url), 'utf8')
  const rows = [...doc.matchAll(/^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|/gm)].map(([, from, event, to]) => `${from!} ${event!} ${to!}`)
  const code = Object.entries(transitions).flatMap(([from, events]) => Object.entries(events).map(([event, to]) => `${from} ${event} ${to}`))
  t.strictSame(rows.sort(), code.sort())
})

t.test('each of llama-swap\'s 18 tests has one here', async (t) => {
  const rows = tableOf('docs/lifecycle.md', 'llama-swap\'s tests', 'llama-swap', 'Here')
  t.equal(rows.length, 18)
  for (const { Here } of rows) {
    const [, file, title] = /^`?([\w-]+)`?: (.*)$/.exec(Here!) ?? []
    if (file === undefined) t.match(Here, /^none yet/)
    else t.ok(readFileSync(new URL(`./${file}.test.ts`, import.meta.url), 'utf8').includes(title!), Here)
  }
})
