import t from 'tap'
import { resolveOptions } from '../lib/options.ts'
import type { LlamaSwapOptions } from '../index.ts'

const resolve = (options: object = {}) => resolveOptions({ config: {}, ...options } as LlamaSwapOptions)
const families = (options: object = {}): string[] => [...resolve(options).hooks.keys()].sort()

function problems (options: object): string {
  try {
    resolve(options)
    return 'none'
  } catch (error) {
    const { code, message } = error as { code: string, message: string }
    if (code !== 'FST_LS_OPTIONS') throw error
    return message.replace(/^invalid options: /, '')
  }
}

t.test('every default', async (t) => {
  const { hooks, ...rest } = resolveOptions({ config: 'c.yaml' })
  t.strictSame(rest, {
    config: 'c.yaml',
    prefix: '',
    decorator: 'llamaSwap',
    anyUpstreamPath: false,
    admit: undefined,
    inheritEnv: undefined,
    instance: undefined,
    bodyLimit: 128 * 1024 * 1024,
    bodyBudget: 512 * 1024 * 1024,
    drainTimeout: 10_000,
    forwardAuthorization: false,
    upgrades: false,
    strict: false
  })
  t.strictSame([...hooks], [['inference', {}], ['upstream', {}]])
})

t.test('every option is taken over', async (t) => {
  const given = {
    config: { models: {} }, admit: () => true, prefix: '/llm', decorator: 'other', inheritEnv: ['A', 'B_*'], instance: 'i', bodyLimit: 1, bodyBudget: 2, drainTimeout: 0, forwardAuthorization: true, upgrades: true, strict: true
  }
  const { hooks, anyUpstreamPath, ...rest } = resolveOptions(given)
  t.strictSame(rest, given)
  t.equal(resolve({ inheritEnv: true }).inheritEnv, true)
  t.strictSame(resolve({ inheritEnv: [] }).inheritEnv, [])
})

t.test('health is on with a prefix only: a host has its own', async (t) => {
  t.strictSame(families({}), ['inference', 'upstream'])
  t.strictSame(families({ prefix: '/' }), ['inference', 'upstream'])
  t.strictSame(families({ prefix: '/llm' }), ['health', 'inference', 'upstream'])
  t.strictSame(families({ prefix: '/llm', routes: { health: false } }), ['inference', 'upstream'])
  t.strictSame(families({ routes: { health: true } }), ['health', 'inference', 'upstream'])
})

t.test('families are turned on and off one by one', async (t) => {
  t.strictSame(families({ routes: { inference: false } }), ['upstream'])
  t.strictSame(families({ routes: { upstream: false, admin: true } }), ['admin', 'inference'])
  t.strictSame(families({ routes: { inference: false, upstream: false } }), [])
})

t.test('a family that is undefined keeps its default: admin stays off', async (t) => {
  t.strictSame(families({ routes: { admin: undefined, health: undefined, inference: undefined, upstream: undefined } }), ['inference', 'upstream'])
  t.equal(resolve({ routes: { upstream: undefined } }).anyUpstreamPath, false)
  t.strictSame(families({ routes: undefined }), ['inference', 'upstream'])
})

t.test('a family with hooks is on, with these hooks', async (t) => {
  const hooks = { onRequest: async () => {} }
  const resolved = resolve({ routes: { admin: hooks, upstream: hooks } })
  t.equal(resolved.hooks.get('admin'), hooks)
  t.equal(resolved.hooks.get('upstream'), hooks)
  t.equal(resolved.anyUpstreamPath, false, 'hooks open no further paths')
})

t.test('upstream lets any path through only when it is true', async (t) => {
  t.equal(resolve({ routes: { upstream: true } }).anyUpstreamPath, true)
  t.equal(resolve({ routes: { upstream: 'inference' } }).anyUpstreamPath, false)
  t.equal(resolve({ routes: { upstream: false } }).anyUpstreamPath, false)
})

const number = (name: string): string => `"${name}" must be a number, 0 or more`
const wrong: Array<[options: object, problem: string]> = [
  [{ config: undefined }, '"config" must be the path of a YAML file or of a directory, a list of such paths, or an object'],
  [{ config: null }, '"config" must be the path of a YAML file or of a directory, a list of such paths, or an object'],
  [{ config: 5 }, '"config" must be the path of a YAML file or of a directory, a list of such paths, or an object'],
  [{ prefix: 5 }, '"prefix" must be a string'],
  [{ prefix: null }, '"prefix" must be a string'],
  [{ decorator: {} }, '"decorator" must be a string'],
  [{ instance: 5 }, '"instance" must be a string'],
  [{ bodyLimit: '1' }, number('bodyLimit')],
  [{ bodyLimit: -1 }, number('bodyLimit')],
  [{ bodyLimit: null }, number('bodyLimit')],
  [{ bodyBudget: NaN }, number('bodyBudget')],
  [{ drainTimeout: Infinity }, number('drainTimeout')],
  [{ inheritEnv: false }, '"inheritEnv" must be a list of names, or true'],
  [{ inheritEnv: 'PATH' }, '"inheritEnv" must be a list of names, or true'],
  [{ inheritEnv: ['PATH', 5] }, '"inheritEnv" must be a list of names, or true'],
  [{ forwardAuthorization: 'false' }, '"forwardAuthorization" must be true or false'],
  [{ forwardAuthorization: 0 }, '"forwardAuthorization" must be true or false'],
  [{ routes: true }, '"routes" must be an object'],
  [{ routes: null }, '"routes" must be an object'],
  [{ routes: { admin: 'false' } }, '"routes.admin" must be true, false or an object of hooks'],
  [{ routes: { admin: null } }, '"routes.admin" must be true, false or an object of hooks'],
  [{ routes: { health: 'inference' } }, '"routes.health" must be true, false or an object of hooks'],
  [{ routes: { upstream: 'any' } }, '"routes.upstream" must be true, false, "inference" or an object of hooks'],
  [{ routes: { inferense: true } }, 'unknown family of routes "inferense": there are inference, upstream, admin, compat, health'],
  [{ admit: true }, '"admit" must be a function'],
  [{ timeout: 5 }, 'unknown option "timeout"'],
  [{ Config: 'c.yaml' }, 'unknown option "Config"']
]

for (const [options, problem] of wrong) {
  t.test(`refused: ${JSON.stringify(options, (_key, value) => value === undefined || Number.isNaN(value) || value === Infinity ? String(value) : value as unknown)}`, async (t) => {
    t.equal(problems(options), problem)
  })
}

t.test('all that is wrong is named at once', async (t) => {
  t.equal(problems({ config: 1, prefx: '/', bodyLimit: -1, decorator: 1, routes: { x: 1, admin: 1 } }), [
    'unknown option "prefx"',
    '"config" must be the path of a YAML file or of a directory, a list of such paths, or an object',
    '"bodyLimit" must be a number, 0 or more',
    '"decorator" must be a string',
    'unknown family of routes "x": there are inference, upstream, admin, compat, health',
    '"routes.admin" must be true, false or an object of hooks'
  ].join('; '))
})

t.test('what Fastify reads from the same object is let through', async (t) => {
  t.equal(problems({ logLevel: 'warn', logSerializers: {} }), 'none')
})
