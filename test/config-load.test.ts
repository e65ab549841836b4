// The pipeline as a whole: files and objects, what is frozen, and the shape of the error.
import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import type { ConfigInput } from '../types/config.ts'
import { fileOf, loadYaml, problemsOf, yamlModel } from './helper/config.ts'

const cmd = 'server --port ${PORT}'

t.test('a YAML file and an object of the same shape are the same config', async (t) => {
  const object: ConfigInput = {
    healthCheckTimeout: 30,
    unloadTimeout: 5,
    startPort: 9000,
    logLevel: 'debug',
    globalTTL: 60,
    macros: { bin: '/bin/big', n: 1.5 },
    'x-anchors': ['A=1'],
    models: {
      big: { cmd: '${bin} --port ${PORT}\n# a comment\n-m ${MODEL_ID}\n', env: ['A=1'], aliases: ['b'], ttl: 5, name: 'Big', unlisted: true, metadata: { n: '${n}', l: [null, true] }, filters: { setParamsByID: { '${MODEL_ID}:x': { a: 1 } } } },
      small: { cmd: 'small', proxy: 'http://127.0.0.1:1234/base', checkEndpoint: 'none' }
    },
    groups: { g: { members: ['big'], swap: false } },
    peers: { p: { proxy: 'http://x', models: ['m'] } }
  }
  const yaml = `
# llama-swap's file
healthCheckTimeout: 30
unloadTimeout: 5
startPort: 9000
logLevel: debug
globalTTL: 60
macros: {bin: /bin/big, n: 1.5}
x-anchors: &env [A=1]
models:
  big:
    cmd: |
      \${bin} --port \${PORT}
      # a comment
      -m \${MODEL_ID}
    env: *env
    aliases:
      - b
    ttl: 5
    name: Big
    unlisted: true
    metadata: {n: "\${n}", l: [~, true]}
    filters: {setParamsByID: {"\${MODEL_ID}:x": {a: 1}}}
  small: { cmd: small, proxy: "http://127.0.0.1:1234/base", checkEndpoint: none }
groups: {g: {members: [big], swap: false}}
peers: {p: {proxy: "http://x", models: [m]}}
`
  const fromFile = await loadYaml(yaml)
  const fromObject = await loadConfig(object)
  const comparable = ({ ignorePaths, ...config }: typeof fromFile.config) => ({ ...config, ignorePaths: ignorePaths.map(({ source }) => source) })
  t.strictSame(comparable(fromFile.config), comparable(fromObject.config))
  t.strictSame(fromFile.warnings.map((line) => line.replace(/^\S+:\d+:\d+ /, '')), fromObject.warnings)
})

t.test('the object given is neither changed nor kept', async (t) => {
  const input = { models: { a: { cmd, env: ['A=1'], aliases: ['x'], cmdStop: '# c\nstop', name: ' n ', timeouts: { connect: 1 }, metadata: { a: { b: [1] } } } }, healthCheckTimeout: 1, x: 1 }
  const before = structuredClone(input)
  const { config } = await loadConfig(input)
  t.strictSame(input, before)
  input.models.a.env.push('B=2')
  input.models.a.aliases[0] = 'y'
  input.models.a.timeouts.connect = 9
  input.models.a.metadata.a.b[0] = 2
  t.match(config.models.get('a'), { launch: { env: ['A=1'] }, aliases: ['x'], timeouts: { connect: 1000 }, metadata: { a: { b: [1] } } })
  t.equal(config.models.get('a')!.launch.env.length, 1)
  t.notOk(Object.isFrozen(input.models.a.env) || Object.isFrozen(input.models.a.metadata))
})

t.test('a frozen object is fine, and one without a prototype', async (t) => {
  const freeze = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze)
    return Object.freeze(value)
  }
  t.equal((await loadConfig(freeze({ models: { a: { cmd, env: ['A=1'], aliases: ['x'] } } }))).config.models.size, 1)
  t.equal((await loadConfig(Object.assign(Object.create(null), { models: { a: { cmd } } }))).config.models.size, 1)
})

t.test('undefined is the same as not there, and so is null', async (t) => {
  const keys = ['cmdStop', 'proxy', 'env', 'aliases', 'checkEndpoint', 'ttl', 'unloadTimeout', 'unlisted', 'name', 'description', 'timeouts', 'useModelName', 'concurrencyLimit', 'filters', 'macros', 'metadata', 'sendLoadingState', 'compat', 'capabilities']
  const top = ['healthCheckTimeout', 'globalTTL', 'unloadTimeout', 'startPort', 'logLevel', 'logTimeFormat', 'logToStdout', 'metricsMaxInMemory', 'captureBuffer', 'store', 'ui', 'performance', 'sendLoadingState', 'includeAliasesInList', 'apiKeys', 'hooks', 'upstream',
    'macros', 'profiles', 'selectors', 'peers', 'groups', 'matrix', 'routing']
  const plain = await loadConfig({ models: { a: { cmd } } })
  for (const nothing of [undefined, null]) {
    const { config, warnings } = await loadConfig({ ...Object.fromEntries(top.map((key) => [key, nothing])), models: { a: { cmd, ...Object.fromEntries(keys.map((key) => [key, nothing])) } } } as ConfigInput)
    t.strictSame(config.models.get('a'), plain.config.models.get('a'))
    t.strictSame({ ...config, ignorePaths: 0, models: 0 }, { ...plain.config, ignorePaths: 0, models: 0 })
    t.strictSame(warnings, [])
  }
})

t.test('the result is frozen, all the way down', async (t) => {
  const { config } = await loadConfig({ models: { a: { cmd, cmdStop: 'stop', env: ['A=1'], aliases: ['x'], timeouts: {}, metadata: { a: [{}] }, capabilities: { in: ['text'] }, filters: { setParams: { a: { b: {} } } } } }, store: { path: ':memory:' } })
  const check = (value: unknown, name: string): void => {
    if (typeof value !== 'object' || value === null) return
    if (value instanceof Map) for (const [key, item] of value) check(item, `${name}.${key}`)
    else if (!(value instanceof Set)) {
      t.ok(Object.isFrozen(value), name)
      for (const [key, item] of Object.entries(value)) check(item, `${name}.${key}`)
    }
  }
  check(config, 'config')
})

t.test('objects have no positions', async (t) => {
  t.strictSame(await problemsOf({ startPort: 'x', models: { a: { cmd, ttl: 'x' } } }), [
    'models.a.ttl: must be an integer, not a string; such as "ttl: 600"',
    'startPort: must be an integer, not a string; such as "startPort: 10001"'
  ])
})

t.test('what is no data', async (t) => {
  for (const [value, what] of [[() => {}, 'a function'], [Symbol('x'), 'a symbol'], [1n, 'a bigint'], [new Date(0), 'a Date'], [new Map(), 'a Map'], [/x/, 'a RegExp'], [new (class Thing { x = 1 })(), 'a Thing']] as const) {
    t.strictSame(await problemsOf({ models: { a: { cmd, metadata: { x: [value] } } } }), [`models.a.metadata.x.0: must be plain data, as a YAML file holds it, not ${what}`])
  }
  for (const value of [null, 5, true, () => {}]) t.match(await problemsOf(value), [/^(the config )?must be /], String(value))
})

t.test('an object that holds itself', async (t) => {
  const loop: Record<string, unknown> = { cmd }
  loop.metadata = loop
  t.match(await problemsOf({ models: { a: loop } }), [/^models\.a\.metadata\.metadata\.metadata: it is nested too deeply, or holds itself; at most 100 levels are read$/])
  const wide: Record<string, unknown> = {}
  for (let index = 0; index < 10; index++) wide[`k${index}`] = wide
  const start = process.cpuUsage()
  t.ok((await problemsOf({ models: { a: { cmd, metadata: wide } } })).length > 0)
  t.ok(process.cpuUsage(start).user < 2_000_000)
})

t.test('one problem is told in one line, several in a list', async (t) => {
  await t.rejects(loadConfig({ startPort: 0 }), { code: 'FST_LS_CONFIG', statusCode: 500, message: 'invalid config: startPort: must be >= 1, not 0; such as "startPort: 10001"' })
  await t.rejects(loadConfig({ startPort: 0, globalTTL: -1 }), { message: 'invalid config:\n  globalTTL: must be >= 0, not -1; such as "globalTTL: 1800"\n  startPort: must be >= 1, not 0; such as "startPort: 10001"' })
})

t.test('a stage that fails is the last', async (t) => {
  const file = (more: string): string => fileOf(`${yamlModel('ttl: x', more)}performance: {every: 1s}\n`)
  t.equal((await problemsOf(file('aliases: [b, b]'))).length, 1, 'validation before meaning')
  t.match(await problemsOf(file('name: ${no}')), [/unknown macro/], 'macros before validation')
  t.match(await problemsOf(file('name: ${no} ${env.NO_FLS}')), [/environment variable/], 'the environment before macros')
})

t.test('a long line is cut', async (t) => {
  const [problem] = await problemsOf({ logToStdout: 'x'.repeat(5000) })
  t.equal(problem!.length, 1003)
})

t.test('the same again: nothing is kept between two loads', async (t) => {
  const file = fileOf(yamlModel('aliases: [x]'))
  t.strictSame((await loadConfig(file)).config.models, (await loadConfig(file)).config.models)
})
