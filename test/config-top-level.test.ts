// The keys of the top level: reference section 1.2, a table for what they mean and one for what is refused.
import { join } from 'node:path'
import t from 'tap'
import type { Config } from '../lib/config/config.ts'
import { directoryOf, loadYaml, problemsOf, yamlModel, yamlProblems, yamlWarnings } from './helper/config.ts'

const model = yamlModel()
const modelA = (config: Config) => config.models.get('a')!

const meanings: Array<[rule: string, yaml: string, read: (config: Config) => unknown, value: unknown]> = [
  ['models: none is fine', 'models:', (config) => config.models.size, 0],
  ['healthCheckTimeout: 120 by default', model, (config) => modelA(config).startTimeout, 120_000],
  ['healthCheckTimeout: in seconds', `healthCheckTimeout: 300\n${model}`, (config) => modelA(config).startTimeout, 300_000],
  ['healthCheckTimeout: 15 at least', `healthCheckTimeout: 14\n${model}`, (config) => modelA(config).startTimeout, 15_000],
  ['healthCheckTimeout: 15 at least, for 0 too', `healthCheckTimeout: 0\n${model}`, (config) => modelA(config).startTimeout, 15_000],
  ['healthCheckTimeout: 15 at least, for less than nothing too', `healthCheckTimeout: -5\n${model}`, (config) => modelA(config).startTimeout, 15_000],
  ['healthCheckTimeout: 16 is 16', `healthCheckTimeout: 16\n${model}`, (config) => modelA(config).startTimeout, 16_000],
  ['globalTTL: 0 by default, which is never', model, (config) => modelA(config).ttl, 0],
  ['globalTTL: for models without a ttl', `globalTTL: 60\n${model}`, (config) => modelA(config).ttl, 60_000],
  ['unloadTimeout: 10 by default', model, (config) => modelA(config).stopGrace, 10_000],
  ['unloadTimeout: 0 is the default', `unloadTimeout: 0\n${model}`, (config) => modelA(config).stopGrace, 10_000],
  ['unloadTimeout: in seconds', `unloadTimeout: 7\n${model}`, (config) => modelA(config).stopGrace, 7000],
  ['startPort: 5800 by default', model, (config) => modelA(config).launch.preferredPort, 5800],
  ['startPort: the first port', `startPort: 12000\n${model}`, (config) => modelA(config).launch.preferredPort, 12_000],
  ['startPort: null is the default', `startPort: ~\n${model}`, (config) => modelA(config).launch.preferredPort, 5800],
  ['startPort: a float is cut', `startPort: 6000.9\n${model}`, (config) => modelA(config).launch.preferredPort, 6000],
  ['logLevel: info by default', '', (config) => config.logLevel, 'info'],
  ['logLevel: trimmed, in any case', 'logLevel: " DEBUG "', (config) => config.logLevel, 'debug'],
  ['logLevel: warn', 'logLevel: Warn', (config) => config.logLevel, 'warn'],
  ['logLevel: error', 'logLevel: error', (config) => config.logLevel, 'error'],
  ['logLevel: anything else is info', 'logLevel: trace', (config) => config.logLevel, 'info'],
  ['logLevel: a number is anything else', 'logLevel: 5', (config) => config.logLevel, 'info'],
  ['logTimeFormat: none by default', '', (config) => config.logTimeFormat, undefined],
  ['logTimeFormat: a known one', 'logTimeFormat: RFC3339', (config) => config.logTimeFormat, 'rfc3339'],
  ['logTimeFormat: anything else is none', 'logTimeFormat: iso', (config) => config.logTimeFormat, undefined],
  ['logToStdout: proxy by default', '', (config) => config.logToStdout, 'proxy'],
  ['logToStdout: both', 'logToStdout: both', (config) => config.logToStdout, 'both'],
  ['logToStdout: null is the default', 'logToStdout: ~', (config) => config.logToStdout, 'proxy'],
  ['logRequests: without effect', 'logRequests: yes', (config) => config.logLevel, 'info'],
  ['metricsMaxInMemory: 1000 by default', '', (config) => config.metricsMaxInMemory, 1000],
  ['metricsMaxInMemory: rows', 'metricsMaxInMemory: 5', (config) => config.metricsMaxInMemory, 5],
  ['metricsMaxInMemory: 0 or less is the default', 'metricsMaxInMemory: -1', (config) => config.metricsMaxInMemory, 1000],
  ['captureBuffer: 5 MB by default', '', (config) => config.captureBuffer, 5 * 1024 * 1024],
  ['captureBuffer: megabytes', 'captureBuffer: 1', (config) => config.captureBuffer, 1024 * 1024],
  ['captureBuffer: 0 or less is none', 'captureBuffer: -1', (config) => config.captureBuffer, 0],
  ['store: in memory by default', '', (config) => config.store, undefined],
  ['store: null is none', 'store: ~', (config) => config.store, undefined],
  ['store.path: a number is text', 'store: {path: 5}', (config) => config.store, { path: '5' }],
  ['ui.activity.session_id: two headers by default', 'ui: {activity: ~}', (config) => config.ui.sessionHeaders, ['X-Session-ID', 'X-Litellm-Session-Id']],
  ['ui.activity.session_id: trimmed, blanks dropped, the first of those that differ in case', 'ui: {activity: {session_id: [" a ", A, "", b, B]}}', (config) => config.ui.sessionHeaders, ['a', 'b']],
  ['ui.activity.session_id: an empty list is none', 'ui: {activity: {session_id: []}}', (config) => config.ui.sessionHeaders, []],
  ['performance: every 5 s by default', 'performance: ~', (config) => config.performance, { disabled: false, every: 5000 }],
  ['performance.disabled: yes', 'performance: {disabled: yes}', (config) => config.performance.disabled, true],
  ['performance.every: as Go writes it', 'performance: {every: 1h30m}', (config) => config.performance.every, 5_400_000],
  ['performance.every: with a fraction', 'performance: {every: 10.5s}', (config) => config.performance.every, 10_500],
  ['performance.every: with a fraction only', 'performance: {every: .5m}', (config) => config.performance.every, 30_000],
  ['performance.every: milliseconds', 'performance: {every: 6000ms}', (config) => config.performance.every, 6000],
  ['performance.every: "0" is the default', 'performance: {every: "0"}', (config) => config.performance.every, 5000],
  ['performance.every: null is the default', 'performance: {every: ~}', (config) => config.performance.every, 5000],
  ['sendLoadingState: off by default', model, (config) => modelA(config).sendLoadingState, false],
  ['sendLoadingState: for models that do not say', `sendLoadingState: true\n${model}`, (config) => modelA(config).sendLoadingState, true],
  ['includeAliasesInList: off by default', '', (config) => config.includeAliasesInList, false],
  ['includeAliasesInList: on', 'includeAliasesInList: on', (config) => config.includeAliasesInList, true],
  ['apiKeys: none by default', 'apiKeys: ~', (config) => config.apiKeys, []],
  ['apiKeys: an empty list is none', 'apiKeys: []', (config) => config.apiKeys, []],
  ['apiKeys: in order, as text', 'apiKeys: [b, "a\\tb", 5]', (config) => config.apiKeys, ['b', 'a\tb', '5']],
  ['hooks.on_startup.preload: none by default', 'hooks: {on_startup: ~}', (config) => config.preload, []],
  ['hooks.on_startup.preload: trimmed, aliases become ids', `hooks: {on_startup: {preload: [" x "]}}\n${yamlModel('aliases: [x]')}`, (config) => config.preload, ['a']],
  ['hooks.on_startup.preload: unknown ones are left out', `hooks: {on_startup: {preload: [a, zz]}}\n${model}`, (config) => config.preload, ['a']],
  ['upstream.ignorePaths: images and scripts by default', '', (config) => config.ignorePaths.map(({ source }) => source), ['.*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$']],
  ['upstream.ignorePaths: an empty list is the default', 'upstream: {ignorePaths: []}', (config) => config.ignorePaths.length, 1],
  ['upstream.ignorePaths: patterns', "upstream: {ignorePaths: ['^/x', '\\.svg$']}", (config) => config.ignorePaths.map((pattern) => pattern.test('/a.svg')), [false, true]],
  ['groups, matrix, routing, peers, selectors, profiles: null is none', 'groups: ~\nmatrix: ~\nrouting: {router: {use: ~, settings: {groups: ~, matrix: ~}}, scheduler: ~}\npeers: ~\nselectors: ~\nprofiles: ~', (config) => config.routing.router.kind, 'group']
]
for (const [rule, yaml, read, value] of meanings) t.test(rule, async (t) => t.strictSame(read((await loadYaml(yaml)).config), value))

const refusals: Array<[yaml: string, problem: string | RegExp]> = [
  ['models: []', 'models: must be a map, not a list'],
  ['models: 5', 'models: must be a map, not a number'],
  ['models: {a: }', 'models.a: must be a map, not empty'],
  ['models: {a: ~}', 'models.a: must be a map, not empty'],
  ['models: {a: []}', 'models.a: must be a map, not a list'],
  ['models: {a: x}', 'models.a: must be a map, not a string'],
  ['healthCheckTimeout: soon', 'healthCheckTimeout: must be an integer, not a string; such as "healthCheckTimeout: 300"'],
  ['globalTTL: -1', 'globalTTL: must be >= 0, not -1; such as "globalTTL: 1800"'],
  ['unloadTimeout: -1', 'unloadTimeout: must be >= 0, not -1; such as "unloadTimeout: 10"'],
  ['startPort: 0', 'startPort: must be >= 1, not 0; such as "startPort: 10001"'],
  ['startPort: -99', 'startPort: must be >= 1, not -99; such as "startPort: 10001"'],
  ['startPort: 65536', 'startPort: must be <= 65535, not 65536; such as "startPort: 10001"'],
  ['startPort: abcd', 'startPort: must be an integer, not a string; such as "startPort: 10001"'],
  ['startPort: "6000"', 'startPort: must be an integer, not a string; remove the quotes'],
  ['startPort: true', 'startPort: must be an integer, not true; such as "startPort: 10001"'],
  ['logLevel: [a]', 'logLevel: must be a string, not a list; such as "logLevel: debug"'],
  ['logToStdout: xx', 'logToStdout: must be one of: proxy, upstream, both, none; not "xx"'],
  ['logToStdout: PROXY', 'logToStdout: must be one of: proxy, upstream, both, none; not "PROXY"'],
  ['logToStdout: " proxy "', 'logToStdout: must be one of: proxy, upstream, both, none; not " proxy "'],
  ['logToStdout: ""', 'logToStdout: must be one of: proxy, upstream, both, none; not ""'],
  ['logRequests: 5', 'logRequests: must be true or false, not a number'],
  ['metricsMaxInMemory: a', 'metricsMaxInMemory: must be an integer, not a string; such as "metricsMaxInMemory: 5000"'],
  ['captureBuffer: {}', 'captureBuffer: must be an integer, not a map; such as "captureBuffer: 10"'],
  ['store: {}', 'store.path: is missing; such as "path: activity.db"'],
  ['store: {path: ~}', 'store.path: is missing; such as "path: activity.db"'],
  ['store: {path: ""}', 'store.path: must not be empty; such as "path: activity.db"'],
  ['store: {path: " "}', 'store.path: must not be empty; name a file, or remove "store" to keep activity in memory'],
  ['store: x', 'store: must be a map, not a string'],
  ['ui: x', 'ui: must be a map, not a string'],
  ['ui: {activity: {session_id: x}}', 'ui.activity.session_id: must be a list, not a string; such as "session_id: [X-Session-ID]"'],
  ['performance: {every: 4s}', 'performance.every: must be at least 5s, got 4s'],
  ['performance: {every: 500ms}', 'performance.every: must be at least 5s, got 500ms'],
  ['performance: {every: -5s}', 'performance.every: must be at least 5s, got -5s'],
  ['performance: {disabled: true, every: 1s}', 'performance.every: must be at least 5s, got 1s'],
  ['performance: {every: 5}', 'performance.every: must be a string, not a number; such as "every: 5s"'],
  ['performance: {every: 0}', 'performance.every: must be a string, not a number; such as "every: 5s"'],
  ['performance: {every: 5000000000}', 'performance.every: must be a string, not a number; such as "every: 5s"'],
  ...['"5"', '""', '"5 s"', '1d', '5S', 's', '5s5'].map((text): [string, string] => [`performance: {every: ${text}}`, `performance.every: must be a length of time such as 5s, not ${JSON.stringify(text.replaceAll('"', ''))}`]),
  ['sendLoadingState: x', 'sendLoadingState: must be true or false, not a string'],
  ['includeAliasesInList: 1', 'includeAliasesInList: must be true or false, not a number'],
  ['apiKeys: x', 'apiKeys: must be a list, not a string; such as "apiKeys: [${env.API_KEY}]"'],
  ['apiKeys: {a: b}', 'apiKeys: must be a list, not a map; such as "apiKeys: [${env.API_KEY}]"'],
  ['apiKeys: [""]', 'apiKeys.0: must not be empty'],
  ['apiKeys: [~]', 'apiKeys.0: the item is empty; give it a value or remove it'],
  ['apiKeys: [good, ~]', 'apiKeys.1: the item is empty; give it a value or remove it'],
  ['apiKeys: [" "]', 'apiKeys.0: api key cannot contain spaces; remove them'],
  ['apiKeys: ["a b"]', 'apiKeys.0: api key cannot contain spaces; remove them'],
  ['apiKeys: [[a]]', 'apiKeys.0: must be a string, not a list'],
  ['hooks: []', 'hooks: must be a map, not a list'],
  ['hooks: {on_startup: {preload: a}}', 'hooks.on_startup.preload: must be a list, not a string; such as "preload: [qwen]"'],
  ['upstream: {ignorePaths: x}', 'upstream.ignorePaths: must be a list, not a string; such as "ignorePaths: [\\.png$]"'],
  ['upstream: {ignorePaths: ["("]}', /^upstream\.ignorePaths\.0: invalid regular expression "\("/],
  ['groups: {a: ~}', 'groups.a: must be a map, not empty'],
  ['groups: {a: }', 'groups.a: must be a map, not empty'],
  ['peers: {a: ~}', 'peers.a: must be a map, not empty'],
  ['selectors: {a: ~}', 'selectors.a: must be a map, not empty'],
  ['profiles: {a: ~}', 'profiles.a: must be a map, not empty'],
  ['profiles: {a: [x]}', 'profiles.a: a profile must be a map with description and pins; the legacy list syntax is no longer supported']
]
for (const [yaml, problem] of refusals) {
  t.test(`refused: ${yaml}`, async (t) => {
    const [line, ...more] = await yamlProblems(yaml)
    t.strictSame(more, [])
    t.match(line, /^c\.yaml:1:\d+ /)
    t.match(line!.replace(/^c\.yaml:1:\d+ /, ''), typeof problem === 'string' ? new RegExp(`^${escaped(problem)}$`) : problem)
  })
}

function escaped (text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

t.test('a model with an empty id', async (t) => {
  for (const id of ['""', '~']) t.strictSame(await yamlProblems(`models:\n  ${id}: {cmd: "x \${PORT}"}`), ['c.yaml:2:3 models.: the model id must not be empty; give it a name'])
})

t.test('store.path: where it cannot be written', async (t) => {
  const directory = directoryOf({ file: '' })
  const problems = async (path: string): Promise<string[]> => problemsOf({ store: { path } })
  t.match(await problems(directory), [/^store\.path: \S+ is a directory, not a file; name a file in it$/])
  t.match(await problems(join(directory, 'none', 'x.db')), [/^store\.path: the directory none is not writable: there is none; create it$/])
  t.match(await problems(join(directory, 'file', 'x.db')), [/is not writable: a part of the path is a file; choose another place$/])
  // Root may write everywhere.
  if (process.platform !== 'win32' && process.getuid!() !== 0) {
    t.match(await problems('/etc/x.db'), [/^store\.path: the directory \/etc is not writable: permission denied; choose another place$/])
    t.match(await problems('/etc/passwd'), [/^store\.path: \/etc\/passwd is not writable: permission denied; choose another place$/])
  }
})

t.test('store.path: where it can', async (t) => {
  const directory = directoryOf({ 'old.db': '' })
  for (const path of [join(directory, 'new.db'), join(directory, 'old.db'), ':memory:', 'relative.db']) t.strictSame((await loadYaml(`store: {path: ${JSON.stringify(path)}}`)).config.store, { path })
})

t.test('all wrong values at once, each at its key', async (t) => {
  t.strictSame((await yamlProblems('healthCheckTimeout: soon\nglobalTTL: -1\nunloadTimeout: -1\nstartPort: 0\nlogLevel: [info]\nlogToStdout: x\n')).map((line) => line.replace(/: .*/, '')), [
    'c.yaml:1:1 healthCheckTimeout', 'c.yaml:2:1 globalTTL', 'c.yaml:3:1 unloadTimeout', 'c.yaml:4:1 startPort', 'c.yaml:5:1 logLevel', 'c.yaml:6:1 logToStdout'
  ])
})

t.test('all meaningless values at once, each at its key', async (t) => {
  const problems = await yamlProblems(`performance: {every: 1s}
models:
  a: {cmd: "x \${PORT}", aliases: [q]}
  b: {cmd: "x \${PORT}", aliases: [q], checkEndpoint: "%"}
groups: {g: {members: [zz]}}
upstream: {ignorePaths: ["("]}
peers: {p: {proxy: ftp://x, models: [m]}}
selectors: {s: {strategy: warm, targets: [zz]}}
profiles: {p: {pins: {x: zz}}}
`)
  t.strictSame(problems.map((line) => line.replace(/^(\S+ \S+): .*/, '$1')), [
    'c.yaml:1:15 performance.every', 'c.yaml:4:35 models.b.aliases.0', 'c.yaml:4:39 models.b.checkEndpoint', 'c.yaml:5:24 groups.g.members.0', 'c.yaml:6:26 upstream.ignorePaths.0',
    'c.yaml:7:13 peers.p.proxy', 'c.yaml:8:43 selectors.s.targets.0', 'c.yaml:9:23 profiles.p.pins.x'
  ])
})

t.test('what is left out is warned about', async (t) => {
  t.strictSame(await yamlWarnings(`hooks: {on_startup: {preload: [a, zz, p/m]}}\nhealthCheckTimeout: 20.5\npeers: {p: {proxy: 'http://x', models: [m]}}\n${model}`), [
    'c.yaml:2:1 healthCheckTimeout: 20.5 is not a whole number, taken as 20',
    'c.yaml:1:35 hooks.on_startup.preload.1: unknown model "zz", not preloaded',
    'c.yaml:1:39 hooks.on_startup.preload.2: "p/m" is a peer\'s model, not preloaded'
  ])
})
