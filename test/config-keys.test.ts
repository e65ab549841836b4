// Keys that nobody knows, and keys that do nothing yet.
import t from 'tap'
import { idleKeys } from '../lib/config/idle-keys.ts'
import { loadConfig } from '../lib/config/load.ts'
import { nearest } from '../lib/config/nearest.ts'
import { configSchema } from '../lib/config/schema/config.ts'
import type { ConfigInput } from '../index.ts'
import { loadYaml, problemsOf, yamlModel, yamlProblems, yamlWarnings } from './helper/config.ts'

t.test('an unknown key is warned about, with its position and the nearest known one', async (t) => {
  t.strictSame(await yamlWarnings(`modles: {}
models:
  a:
    cmd: "server \${PORT}"
    tlt: 5
    check_endpoint: /x
    wholly_unlike_anything: 1
    timeouts: {conect: 5}
    capabilities: {in: [text], tool: true}
healtCheckTimeout: 20
start-port: 9000
zzzz: 1
routing: {router: {uses: group, settings: {group: {}}}}
groups: {g: {member: [a]}}
peers: {p: {proxy: "http://x", models: [m], apikey: k}}
selectors: {s: {strategy: pin, targets: [a], setting: {}}}
profiles: {p: {pins: {x: a}, desc: x}}
`), [
    'c.yaml:1:1 modles: unknown key, ignored; did you mean models?',
    'c.yaml:5:5 models.a.tlt: unknown key, ignored; did you mean ttl?',
    'c.yaml:6:5 models.a.check_endpoint: unknown key, ignored; did you mean checkEndpoint?',
    'c.yaml:7:5 models.a.wholly_unlike_anything: unknown key, ignored',
    'c.yaml:8:16 models.a.timeouts.conect: unknown key, ignored; did you mean connect?',
    'c.yaml:9:32 models.a.capabilities.tool: unknown key, ignored; did you mean tools?',
    'c.yaml:10:1 healtCheckTimeout: unknown key, ignored; did you mean healthCheckTimeout?',
    'c.yaml:11:1 start-port: unknown key, ignored; did you mean startPort?',
    'c.yaml:12:1 zzzz: unknown key, ignored; if it only holds what anchors repeat, call it x-...',
    'c.yaml:13:20 routing.router.uses: unknown key, ignored; did you mean use?',
    'c.yaml:13:44 routing.router.settings.group: unknown key, ignored; did you mean groups?',
    'c.yaml:14:14 groups.g.member: unknown key, ignored; did you mean members?',
    'c.yaml:15:45 peers.p.apikey: unknown key, ignored; did you mean apiKey?',
    'c.yaml:16:46 selectors.s.setting: unknown key, ignored; did you mean settings?',
    'c.yaml:17:30 profiles.p.desc: unknown key, ignored'
  ])
})

t.test('what an unknown key holds is not looked at', async (t) => {
  t.equal((await yamlWarnings(yamlModel('zzz: {cmd: [], a: {b: .inf}}'))).length, 1)
})

t.test('x- keys of the top level are the operator\'s own', async (t) => {
  t.strictSame(await yamlWarnings(`x-base: &base {anything: [1]}\nx-: 1\n${yamlModel('metadata: *base')}`), [])
  t.strictSame(await yamlProblems(yamlModel('x-mine: 1'), { strict: true }), ['c.yaml:4:5 models.a.x-mine: unknown key'])
})

t.test('maps whose keys are the operator\'s own have no unknown keys', async (t) => {
  t.strictSame(await yamlWarnings(`macros: {zzz: 1}\n${yamlModel('metadata: {zzz: {y: 1}}', 'filters: {setParams: {zzz: {y: 1}}, setParamsByID: {q: {zzz: 1}}}')}`), [])
})

t.test('strict makes errors of unknown keys, and only of them', async (t) => {
  t.strictSame(await yamlProblems(`modles: {}\n${yamlModel('tlt: 5', 'ttl: x')}`, { strict: true }), [
    'c.yaml:1:1 modles: unknown key; did you mean models?',
    'c.yaml:5:5 models.a.tlt: unknown key; did you mean ttl?',
    'c.yaml:6:5 models.a.ttl: must be an integer, not a string; such as "ttl: 600"'
  ])
  const { warnings } = await loadYaml(yamlModel('ttl: 5.5', 'healthCheckTimeout: 20'), { strict: true })
  t.equal(warnings.length, 2)
})

t.test('objects: the key path', async (t) => {
  t.strictSame(await problemsOf({ modles: {}, models: { a: { cmd: 'x ${PORT}', tlt: 1 } } }, { strict: true }), ['modles: unknown key; did you mean models?', 'models.a.tlt: unknown key; did you mean ttl?'])
})

t.test('the nearest name', async (t) => {
  const known = ['models', 'macros', 'matrix', 'globalTTL', 'startPort', 'peers']
  for (const [name, near] of [['Models', 'models'], ['model', 'models'], ['mdoels', 'models'], ['macro', 'macros'], ['globalTtl', 'globalTTL'], ['global_ttl', 'globalTTL'], ['port', undefined], ['peer', 'peers'], ['', undefined], ['x', undefined], ['x'.repeat(10_000), undefined]] as const) {
    t.equal(nearest(name, known), near, name.slice(0, 20))
  }
})

// -- Without effect yet ----------------------------------------------------------------------------------------------

t.test('every key that does nothing yet is warned about where it is set', async (t) => {
  const top = idleKeys.filter((key) => !key.includes('.'))
  const ofModel = idleKeys.filter((key) => key.startsWith('models.*.')).map((key) => key.slice('models.*.'.length))
  const values: Record<string, unknown> = { logTimeFormat: 'x', logToStdout: 'both', logRequests: true, metricsMaxInMemory: 1, captureBuffer: 1, store: { path: ':memory:' }, sendLoadingState: true, includeAliasesInList: true, useModelName: 'x', concurrencyLimit: 1, healthCheckTimeout: 1 }
  const { warnings } = await loadConfig({
    ...Object.fromEntries(top.map((key) => [key, values[key] ?? {}])),
    ...top.includes('matrix') && { matrix: undefined, groups: { g: {} } },
    models: { a: { cmd: 'x ${PORT}', ...Object.fromEntries(ofModel.map((key) => [key, values[key] ?? {}])) } }
  } as unknown as ConfigInput)
  const expected = [...top.filter((key) => key !== 'matrix'), ...ofModel.map((key) => `models.a.${key}`)].map((key) => `${key}: has no effect yet`)
  t.strictSame(new Set(warnings.filter((warning) => warning.endsWith('has no effect yet'))), new Set(expected))
})

t.test('a key that is null does not ask for an effect', async (t) => {
  const { warnings } = await loadYaml(idleKeys.filter((key) => !key.includes('.')).map((key) => `${key}: ~\n`).join(''))
  t.strictSame(warnings, [])
})

t.test('the list names keys that there are', async (t) => {
  for (const key of idleKeys) {
    const found = key.split('.').reduce<object | undefined>((schema, part) => {
      const { properties, additionalProperties } = (schema ?? {}) as { properties?: Record<string, object>, additionalProperties?: object }
      return part === '*' ? additionalProperties : properties?.[part]
    }, configSchema)
    t.ok(found, key)
  }
  t.equal(new Set(idleKeys).size, idleKeys.length)
})
