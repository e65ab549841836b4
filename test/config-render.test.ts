// The resolved config as text, for people to read: see test/config-secrets.test.ts for what it hides.
import t from 'tap'
import { parse } from 'yaml'
import { renderConfig } from '../lib/config/render.ts'
import { loadYaml } from './helper/config.ts'

async function rendered (yaml: string): Promise<Record<string, any>> {
  return parse(renderConfig((await loadYaml(yaml)).config)) as Record<string, any>
}

t.test('a model: commands as words, macros replaced, times in seconds', async (t) => {
  const { models } = await rendered(`
globalTTL: 60
macros: {bin: 'llama-server --port \${PORT}'}
models:
  b:
    cmd: \${bin} -m "with space.gguf" -c 'quote "d"'
    cmdStop: docker stop \${MODEL_ID} \${PID}
    aliases: [x]
    env: [A=1]
    checkEndpoint: none
    unloadTimeout: 3
    concurrencyLimit: 4
    metadata: {a: {b: [1, ~]}, __proto__: {c: d}}
    filters: {stripParams: 'b, a', setParams: {t: 0.7}, setParamsByID: {'\${MODEL_ID}:hi': {x: {y: 1}}}}
    capabilities: {in: [text], tools: true}
  a: {cmd: x, proxy: 'http://h:1', ttl: 0}
`)
  t.strictSame(Object.keys(models), ['a', 'b'])
  t.match(models.a, { cmd: ['x'], proxy: 'http://h:1', ttl: 0, healthCheckTimeout: 120, unloadTimeout: 10, checkEndpoint: '/health' })
  t.notOk('preferredPort' in models.a)
  t.match(models.b, {
    cmd: ['llama-server', '--port', '${PORT}', '-m', 'with space.gguf', '-c', 'quote "d"'],
    cmdStop: ['docker', 'stop', 'b', '${PID}'],
    preferredPort: 5800,
    aliases: ['x', 'b:hi'],
    env: ['A=1'],
    checkEndpoint: 'none',
    ttl: 60,
    unloadTimeout: 3,
    concurrencyLimit: 4,
    metadata: { a: { b: [1, null] } },
    filters: { stripParams: ['a', 'b'], setParams: { t: 0.7 }, setParamsByID: { 'b:hi': { x: { y: 1 } } } },
    capabilities: { in: ['text'], tools: true },
    timeouts: { connect: 30, keepalive: 30, responseHeader: 0, tlsHandshake: 10, idleConn: 90 }
  })
})

t.test('groups, with the one for the rest', async (t) => {
  const { routing } = await rendered("models: {a: {cmd: 'x ${PORT}'}, b: {cmd: 'x ${PORT}'}}\ngroups: {g: {members: [b], swap: false}}")
  t.match(routing, { router: { use: 'group', groups: [{ name: 'g', swap: false, exclusive: true, persistent: false, members: ['b'] }, { name: '(default)', swap: true, members: ['a'] }] }, scheduler: { use: 'fair', maxWait: 10, minResidency: 30, maxQueue: 512 } })
})

t.test('a matrix, and the fifo scheduler', async (t) => {
  const { routing } = await rendered("models: {a: {cmd: 'x ${PORT}'}, b: {cmd: 'x ${PORT}'}}\nrouting: {router: {use: matrix, settings: {matrix: {vars: {q: a}, evict_costs: {q: 3}, sets: {s: q & b}}}}, scheduler: {use: fifo, settings: {fifo: {priority: {a: 2}}}}}")
  t.strictSame(routing, { router: { use: 'matrix', sets: { s: 'q & b' }, evict_costs: { a: 3 } }, scheduler: { use: 'fifo', priority: { a: 2 } } })
})

t.test('everything else', async (t) => {
  const config = await rendered(`
models: {a: {cmd: 'x \${PORT}'}}
peers: {p: {proxy: 'http://x', models: [m], filters: {stripParams: a}, timeouts: {connect: 5}}}
selectors: {s: {strategy: spillover, targets: [a, p/m], settings: {spillover: 2}}}
profiles: {p: {description: d, pins: {x: a, y: ~}}}
hooks: {on_startup: {preload: [a]}}
upstream: {ignorePaths: ['\\.svg$']}
logLevel: debug
logTimeFormat: rfc3339
store: {path: ':memory:'}
captureBuffer: 2
performance: {every: 1m}
`)
  t.match(config, {
    peers: { p: { proxy: 'http://x', models: ['m'], filters: { stripParams: ['a'] }, timeouts: { connect: 5, responseHeader: 60 } } },
    selectors: { s: { strategy: 'spillover', targets: ['a', 'p/m'], spillover: 2 } },
    profiles: { p: { description: 'd', pins: { x: 'a', y: null } } },
    preload: ['a'],
    ignorePaths: ['\\.svg$'],
    logLevel: 'debug',
    logTimeFormat: 'rfc3339',
    store: { path: ':memory:' },
    captureBuffer: 2,
    performance: { disabled: false, every: 60 }
  })
})

t.test('an empty config', async (t) => {
  const config = await rendered('')
  t.notOk('models' in config || 'peers' in config || 'apiKeys' in config)
  t.equal(config.logLevel, 'info')
})

t.test('texts that YAML would take for something else are quoted', async (t) => {
  const { models } = await rendered('models: {"1": {cmd: "5 yes ~ ${PORT}", name: "true", metadata: {"2": "3"}}}')
  t.match(models['1'], { cmd: ['5', 'yes', '~', '${PORT}'], name: 'true', metadata: { 2: '3' } })
})

t.test('the models of a config: the same text for the same config', async (t) => {
  const yaml = 'models: {a: {cmd: "x ${PORT}"}}'
  t.equal(renderConfig((await loadYaml(yaml)).config), renderConfig((await loadYaml(yaml)).config))
})
