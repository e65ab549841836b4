import { until } from '../../helper/app.ts'
import type { Random } from './random.ts'
import type { Gateway } from './start-gateway.ts'
import { answers, endless, is, isCut, isNot, kill, leaves, leavesDuring, midStream, pause } from './steps.ts'

/** One way for a model's life to go wrong, or not. Ends with every model stopped or about to be. Throws when anything else happens than it should. */
export interface Fault {
  /** How often, of all. */
  readonly weight: number
  run (gateway: Gateway, random: Random): Promise<void>
}

export const faults: Record<string, Fault> = {
  'no fault': {
    weight: 8,
    async run (gateway, random) {
      is(await gateway.load('plain'), undefined)
      for (let requests = random.below(4); requests > 0; requests--) await answers(gateway, 'plain', { stream: random.below(2) === 0 })
    }
  },
  'exits at its start': { weight: 5, run: async (gateway) => is(await gateway.load('exits'), 'FST_LS_START_FAILED') },
  'exits while it loads': { weight: 3, run: async (gateway) => is(await gateway.load('exitsLoading'), 'FST_LS_START_FAILED') },
  'cannot be started': { weight: 2, run: async (gateway) => is(await gateway.load('missing'), 'FST_LS_START_FAILED') },
  'listens late': { weight: 4, run: (gateway) => answers(gateway, 'late') },
  'answers 503 first': { weight: 4, run: (gateway) => answers(gateway, 'loading') },
  'floods its log': { weight: 2, run: (gateway) => answers(gateway, 'floods') },
  'ignores SIGTERM': { weight: 2, run: async (gateway) => is(await gateway.load('deaf'), undefined) },
  'is slow to end': { weight: 2, run: async (gateway) => is(await gateway.load('slowToEnd'), undefined) },
  'leaves a grandchild with its pipes': { weight: 3, run: async (gateway) => is(await gateway.load('forks'), undefined) },
  'leaves a grandchild that ignores SIGTERM': { weight: 1, run: async (gateway) => is(await gateway.load('forksDeaf'), undefined) },
  'has a process outside of its group': { weight: 2, run: async (gateway) => is(await gateway.load('strays'), undefined) },
  'is stopped by a command': { weight: 2, run: async (gateway) => is(await gateway.load('stopCommand'), undefined) },
  'is stopped by a command that fails': { weight: 2, run: async (gateway) => is(await gateway.load('stopCommandFails'), undefined) },
  'dies idle': {
    weight: 4,
    async run (gateway) {
      const model = 'forksDeaf'
      is(await gateway.load(model), undefined)
      await kill(gateway, model)
    }
  },
  'dies mid-stream': {
    weight: 4,
    async run (gateway, random) {
      const asked = await midStream(gateway)
      await pause(random)
      await kill(gateway, 'plain')
      isCut(await asked.end)
    }
  },
  'dies before its headers': {
    weight: 3,
    async run (gateway) {
      is(await gateway.load('plain'), undefined)
      is((await gateway.ask('plain', { fault: { die: 'sigkill', dieBeforeHeaders: true } }).end).status, 502)
      await until(async () => (await gateway.status('plain')).state === 'stopped')
    }
  },
  'cuts a stream': {
    weight: 4,
    async run (gateway, random) {
      is(await gateway.load('plain'), undefined)
      const fault = { die: random.below(2) === 0 ? 'fin' : 'rst', dieAfterChunks: random.below(6), dieMidEvent: random.below(2) === 0 }
      isCut(await gateway.ask('plain', { stream: true, fault }).end)
      await answers(gateway, 'plain')
    }
  },
  'cuts an answer': {
    weight: 2,
    async run (gateway) {
      is(await gateway.load('plain'), undefined)
      const { error } = await gateway.ask('plain', { fault: { contentLengthShort: true } }).end
      isNot(error, undefined)
      await answers(gateway, 'plain')
    }
  },
  'answers with an error': {
    weight: 2,
    async run (gateway) {
      is(await gateway.load('plain'), undefined)
      is((await gateway.ask('plain', { fault: { status: 500 } }).end).status, 500)
    }
  },
  'client leaves in its body': {
    weight: 2,
    async run (gateway, random) {
      is(await gateway.load('plain'), undefined)
      const asked = gateway.askHalf('plain')
      await pause(random)
      await leaves(asked)
      await answers(gateway, 'plain')
    }
  },
  'client leaves while queued': {
    weight: 3,
    async run (gateway, random) {
      const stream = await midStream(gateway)
      const asked = gateway.ask('late')
      await until(async () => (await gateway.status('late')).waiting === 1)
      await pause(random)
      await leaves(asked)
      await until(async () => (await gateway.status('late')).waiting === 0)
      await leaves(stream)
    }
  },
  'client leaves while it loads': {
    weight: 3,
    async run (gateway, random) {
      const asked = gateway.ask('loading')
      await until(async () => (await gateway.status('loading')).state === 'starting')
      await pause(random)
      await leaves(asked)
    }
  },
  'client leaves before the headers': {
    weight: 3,
    run: (gateway, random) => leavesDuring(gateway, random, { fault: { delayMs: 3_600_000 } })
  },
  'client leaves before the first chunk': {
    weight: 3,
    run: (gateway, random) => leavesDuring(gateway, random, { stream: true, fault: { firstChunkDelayMs: 3_600_000 } })
  },
  'client leaves mid-stream': { weight: 3, run: (gateway, random) => leavesDuring(gateway, random, endless) },
  'host reads, or loses interest': {
    weight: 3,
    async run (gateway, random) {
      is(await gateway.load('plain'), undefined)
      is(await gateway.fetch('plain', { stream: true }, true), undefined)
      is(await gateway.fetch('plain', random.below(2) === 0 ? endless : {}, false), undefined)
    }
  },
  'unloaded while it starts': {
    weight: 3,
    async run (gateway, random) {
      const loading = gateway.load('late')
      await until(async () => (await gateway.status('late')).state === 'starting')
      await pause(random)
      is(await gateway.unload('late'), undefined)
      const code = await loading
      if (code !== undefined) is(code, 'FST_LS_UNLOADED')
    }
  },
  'unloaded by force mid-stream': {
    weight: 3,
    async run (gateway, random) {
      const asked = await midStream(gateway)
      await pause(random)
      is(await gateway.unload('plain', { force: true }), undefined)
      isCut(await asked.end)
    }
  },
  'makes room for another': {
    weight: 3,
    async run (gateway) {
      is(await gateway.load('plain'), undefined)
      await answers(gateway, 'late')
      is((await gateway.status('plain')).state, 'stopped')
    }
  }
}

/** One of the faults, by weight. */
export function pickFault (random: Random): string {
  const names = Object.entries(faults).flatMap(([name, { weight }]) => Array<string>(weight).fill(name))
  return names[random.below(names.length)]!
}
