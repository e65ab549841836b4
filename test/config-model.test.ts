// The keys of a model: reference section 1.3, a table for what they mean and one for what is refused.
import t from 'tap'
import type { ModelConfig } from '../lib/config/config.ts'
import { loadConfig } from '../lib/config/load.ts'
import { loadYaml, modelOf, problemsOf, yamlModel, yamlProblems, yamlWarnings } from './helper/config.ts'
import { namesOf, pairsOf } from './helper/filters.ts'

t.test('every default', async (t) => {
  t.strictSame([...(await loadYaml(yamlModel())).config.models], [['a', {
    id: 'a',
    launch: { argv: ['server', '${PORT}'], env: [], proxy: 'http://localhost:${PORT}', preferredPort: 5800 },
    aliases: [],
    checkEndpoint: '/health',
    startTimeout: 120_000,
    ttl: 0,
    stopGrace: 10_000,
    timeouts: { connect: 30_000, keepalive: 30_000, responseHeader: 0, tlsHandshake: 10_000, idleConn: 90_000 },
    unlisted: false,
    name: '',
    description: '',
    useModelName: undefined,
    concurrencyLimit: undefined,
    filters: { stripParams: [], setParams: [], setParamsByID: new Map() },
    metadata: undefined,
    sendLoadingState: false,
    ignoreWebsockets: false,
    capabilities: undefined
  }]])
})

type Read = (model: ModelConfig) => unknown
const meanings: Array<[rule: string, lines: string | string[], read: Read, value: unknown]> = [
  ['cmd: split into words', 'x-y: 1', (model) => model.launch.argv, ['server', '${PORT}']],
  ['cmdStop: empty is none', 'cmdStop: ""', (model) => 'stopArgv' in model.launch, false],
  ['cmdStop: comments only is none', 'cmdStop: "# later"', (model) => 'stopArgv' in model.launch, false],
  ['cmdStop: null is none', 'cmdStop: ~', (model) => 'stopArgv' in model.launch, false],
  ['cmdStop: words, PID kept', 'cmdStop: docker stop ${MODEL_ID} ${PID}', (model) => model.launch.stopArgv, ['docker', 'stop', 'a', '${PID}']],
  ['proxy: null is the default', 'proxy: ~', (model) => model.launch.proxy, 'http://localhost:${PORT}'],
  ['proxy: with a path', 'proxy: https://host.example:${PORT}/base/', (model) => model.launch.proxy, 'https://host.example:${PORT}/base/'],
  ['proxy: scheme in any case', 'proxy: HTTP://[::1]:8080', (model) => model.launch.proxy, 'HTTP://[::1]:8080'],
  ['aliases: other names', 'aliases: [x, y]', (model) => model.aliases, ['x', 'y']],
  ['aliases: spaces tell names apart', 'aliases: [b, " b"]', (model) => model.aliases, ['b', ' b']],
  ['env: pairs', 'env: [A=1, "B=x=y", C=]', (model) => model.launch.env, ['A=1', 'B=x=y', 'C=']],
  ['env: what is no pair is left out', 'env: [A, "=x", B=1]', (model) => model.launch.env, ['B=1']],
  ['checkEndpoint: none', 'checkEndpoint: none', (model) => model.checkEndpoint, undefined],
  ['checkEndpoint: none, trimmed', 'checkEndpoint: " none "', (model) => model.checkEndpoint, undefined],
  ['checkEndpoint: trimmed', 'checkEndpoint: " /ready "', (model) => model.checkEndpoint, '/ready'],
  ['checkEndpoint: NONE is a path', 'checkEndpoint: NONE', (model) => model.checkEndpoint, '/NONE'],
  ['checkEndpoint: with a query', 'checkEndpoint: /v1/health?deep=1', (model) => model.checkEndpoint, '/v1/health?deep=1'],
  ['checkEndpoint: without a slash', 'checkEndpoint: health', (model) => model.checkEndpoint, '/health'],
  ['checkEndpoint: empty is the root', 'checkEndpoint: ""', (model) => model.checkEndpoint, '/'],
  ['checkEndpoint: null is the default', 'checkEndpoint: ~', (model) => model.checkEndpoint, '/health'],
  ['checkEndpoint: what a path cannot hold is encoded', 'checkEndpoint: "/a b/é"', (model) => model.checkEndpoint, '/a%20b/%C3%A9'],
  ['checkEndpoint: a fragment is dropped', 'checkEndpoint: "/h#x"', (model) => model.checkEndpoint, '/h'],
  ['ttl: -1 is globalTTL', 'ttl: -1', (model) => model.ttl, 60_000],
  ['ttl: null is globalTTL', 'ttl: ~', (model) => model.ttl, 60_000],
  ['ttl: 0 is never', 'ttl: 0', (model) => model.ttl, 0],
  ['ttl: in seconds', 'ttl: 5', (model) => model.ttl, 5000],
  ['ttl: a float is cut', 'ttl: -1.9', (model) => model.ttl, 60_000],
  ['unloadTimeout: 0 is the top level\'s', 'unloadTimeout: 0', (model) => model.stopGrace, 7000],
  ['unloadTimeout: its own', 'unloadTimeout: 3', (model) => model.stopGrace, 3000],
  ['unlisted: true', 'unlisted: true', (model) => model.unlisted, true],
  ['useModelName: the name sent', 'useModelName: org/m', (model) => model.useModelName, 'org/m'],
  ['useModelName: empty is none', 'useModelName: ""', (model) => model.useModelName, undefined],
  ['name: trimmed', 'name: " The name "', (model) => model.name, 'The name'],
  ['name: as long as you like', `name: ${'x'.repeat(300)}`, (model) => model.name.length, 300],
  ['description: trimmed', ['description: |', '  What it does', ''], (model) => model.description, 'What it does'],
  ['concurrencyLimit: requests', 'concurrencyLimit: 4', (model) => model.concurrencyLimit, 4],
  ['concurrencyLimit: 0 or less is none', 'concurrencyLimit: -1', (model) => model.concurrencyLimit, undefined],
  ['filters: null is none', 'filters: ~', (model) => namesOf(model.filters.stripParams), []],
  ['filters.stripParams: trimmed, sorted, each once, never model', 'filters: {stripParams: " b, a,,model,b "}', (model) => namesOf(model.filters.stripParams), ['a', 'b']],
  ['filters.strip_params: the old name', 'filters: {strip_params: a}', (model) => namesOf(model.filters.stripParams), ['a']],
  ['filters.strip_params: only if stripParams is empty', 'filters: {stripParams: b, strip_params: a}', (model) => namesOf(model.filters.stripParams), ['b']],
  ['filters.setParams: sorted, never model', 'filters: {setParams: {b: [1], a: ~, model: x}}', (model) => pairsOf(model.filters.setParams), [['a', 'null'], ['b', '[1]']]],
  ['filters.setParamsByID: its names are aliases', 'filters: {setParamsByID: {q: {x: 1}, a: {x: 2}}}', (model) => model.aliases, ['q']],
  ['filters.setParamsByID: numbers are names', 'filters: {setParamsByID: {5: {6: 1}}}', (model) => [...model.filters.setParamsByID].map(([name, params]) => [name, pairsOf(params)]), [['5', [['6', '1']]]]],
  ['filters.setParamsByID: null sets nothing', 'filters: {setParamsByID: {q: ~}}', (model) => [model.aliases, model.filters.setParamsByID.get('q')!.length], [['q'], 0]],
  ['filters.setParamsByID: may be an alias too', ['aliases: [q]', 'filters: {setParamsByID: {q: {x: 1}}}'], (model) => model.aliases, ['q']],
  ['metadata: anything', 'metadata: {a: {b: [1, {c: d}]}, e: ~}', (model) => model.metadata, { a: { b: [1, { c: 'd' }] }, e: null }],
  ['sendLoadingState: the top level\'s', 'sendLoadingState: ~', (model) => model.sendLoadingState, true],
  ['sendLoadingState: its own', 'sendLoadingState: false', (model) => model.sendLoadingState, false],
  ['timeouts: seconds', 'timeouts: {connect: 1, keepalive: 2, responseHeader: 3, tlsHandshake: 4, expectContinue: 5, idleConn: 6}', (model) => model.timeouts, { connect: 1000, keepalive: 2000, responseHeader: 3000, tlsHandshake: 4000, idleConn: 6000 }],
  ['timeouts: 0 is no limit', 'timeouts: {connect: 0, idleConn: 0}', (model) => [model.timeouts.connect, model.timeouts.idleConn], [0, 0]],
  ['timeouts: less than 0 is no limit', 'timeouts: {connect: -1}', (model) => model.timeouts.connect, 0],
  ['timeouts: null is the default', 'timeouts: {connect: ~}', (model) => model.timeouts.connect, 30_000],
  ['compat.ignoreWebsockets: yes', 'compat: {ignoreWebsockets: yes}', (model) => model.ignoreWebsockets, true],
  ['capabilities: all of them', 'capabilities: {in: [text, image], out: [audio], tools: true, reranker: true, context: 8192}', (model) => model.capabilities, { in: ['text', 'image'], out: ['audio'], tools: true, reranker: true, context: 8192 }],
  ['capabilities: nothing is none', 'capabilities: {in: [], out: [], tools: false, reranker: false, context: 0}', (model) => model.capabilities, undefined],
  ['healthCheckTimeout: without effect', 'healthCheckTimeout: 5', (model) => model.startTimeout, 120_000]
]
for (const [rule, lines, read, value] of meanings) {
  t.test(rule, async (t) => t.strictSame(read(await modelOf(`globalTTL: 60\nunloadTimeout: 7\nsendLoadingState: true\n${yamlModel(...[lines].flat())}`)), value))
}

const refusals: Array<[line: string, problem: string]> = [
  ['cmdStop: [x]', 'cmdStop: must be a string, not a list; such as "cmdStop: docker stop ${MODEL_ID}"'],
  ['proxy: ""', 'proxy: must not be empty; such as "proxy: http://127.0.0.1:${PORT}"'],
  ...['"::bad"', '"http://a b"', 'http://x:abc', '"%zz"', 'http://x/%zz', '"http://[::1"', 'localhost', '127.0.0.1:8080', '//localhost:1', 'ftp://localhost', 'http://', 'http://localhost:99999', '5']
    .map((proxy): [string, string] => [`proxy: ${proxy}`, `proxy: invalid proxy URL "${proxy.replaceAll('"', '')}": must be like http://192.168.1.10:8080`]),
  ['aliases: [b, b]', 'aliases.1: duplicate alias b: it is there twice; remove one'],
  ['env: x', 'env: must be a list, not a string; such as "env: [CUDA_VISIBLE_DEVICES=0]"'],
  ['env: {A: 1}', 'env: must be a list, not a map; such as "env: [CUDA_VISIBLE_DEVICES=0]"'],
  ['env: ["A=\\0"]', 'env.0: a variable cannot hold null bytes; take them out'],
  ['checkEndpoint: "%zz"', 'checkEndpoint: "%zz" has a broken percent-encoding; write a percent sign as %25'],
  ['checkEndpoint: []', 'checkEndpoint: must be a string, not a list; such as "checkEndpoint: /health"'],
  ['ttl: -2', 'ttl: must be >= -1, not -2; such as "ttl: 600"'],
  ['ttl: "5"', 'ttl: must be an integer, not a string; remove the quotes'],
  ['unloadTimeout: -1', 'unloadTimeout: must be >= 0, not -1; such as "unloadTimeout: 30"'],
  ['unlisted: 1', 'unlisted: must be true or false, not a number'],
  ['useModelName: [a]', 'useModelName: must be a string, not a list; such as "useModelName: Qwen/Qwen3-8B"'],
  ['concurrencyLimit: x', 'concurrencyLimit: must be an integer, not a string; such as "concurrencyLimit: 4"'],
  ['filters: x', 'filters: must be a map, not a string'],
  ['filters: {stripParams: [a]}', 'filters.stripParams: must be a string, not a list; such as "stripParams: temperature, top_p"'],
  ['filters: {strip_params: [a]}', 'filters.strip_params: must be a string, not a list; such as "strip_params: temperature"'],
  ['filters: {setParams: [a]}', 'filters.setParams: must be a map, not a list'],
  ['filters: {setParamsByID: {b: x}}', 'filters.setParamsByID.b: must be a map, not a string'],
  ['metadata: []', 'metadata: must be a map, not a list'],
  ['metadata: abc', 'metadata: must be a map, not a string'],
  ['timeouts: x', 'timeouts: must be a map, not a string'],
  ['timeouts: {connect: long}', 'timeouts.connect: must be an integer, not a string; such as "connect: 5"'],
  ['compat: x', 'compat: must be a map, not a string'],
  ['capabilities: {in: [video]}', 'capabilities.in.0: must be one of: text, audio, image; not "video"'],
  ['capabilities: {out: [text, Text]}', 'capabilities.out.1: must be one of: text, audio, image; not "Text"'],
  ['capabilities: {in: text}', 'capabilities.in: must be a list, not a string; such as "in: [text, image]"'],
  ['capabilities: {context: -1}', 'capabilities.context: must be >= 0, not -1; such as "context: 8192"'],
  ['healthCheckTimeout: x', 'healthCheckTimeout: must be an integer, not a string; such as "healthCheckTimeout: 300"']
]
for (const [line, problem] of refusals) {
  t.test(`refused: ${line}`, async (t) => t.strictSame((await yamlProblems(yamlModel(line))).map((text) => text.replace(/^c\.yaml:4:\d+ models\.a\./, '')), [problem]))
}

t.test('refused: a cmd that is not there, empty, or nothing but comments', async (t) => {
  for (const cmd of ['', 'cmd: ~, ', 'cmd: , ']) t.strictSame(await yamlProblems(`models: {a: {${cmd}proxy: "http://x"}}`), ['c.yaml:1:10 models.a.cmd: is missing; such as "cmd: llama-server --port ${PORT} -m models/qwen.gguf"'])
  t.match(await yamlProblems('models: {a: {ttl: 5}, b: {cmd: [x]}, c: {cmd: ""}}'), [/a\.cmd: is missing/, /b\.cmd: must be a string, not a list/, /c\.cmd: must not be empty/], 'rather than that it does not use the port')
  t.match(await yamlProblems('models: {a: {cmd: "", proxy: "http://x"}}'), [/^c\.yaml:1:14 models\.a\.cmd: must not be empty/])
  t.match(await yamlProblems('models: {a: {cmd: [x], proxy: "http://x"}}'), [/^c\.yaml:1:14 models\.a\.cmd: must be a string, not a list/])
  for (const cmd of ['|\n      # only a comment\n', '"  "', '"\\\\"']) t.match(await yamlProblems(`models:\n  a:\n    proxy: http://x\n    cmd: ${cmd}`), [/^c\.yaml:4:5 models\.a\.cmd: (the command is empty; write the program and its arguments|must not be empty.*)$/], cmd)
  t.match(await yamlProblems('models: {a: {cmd: "x \\0", proxy: "http://x"}}'), [/cmd: a command cannot hold null bytes; take them out/])
  t.strictSame((await modelOf('models: {a: {cmd: 5, proxy: "http://x"}}')).launch.argv, ['5'], 'a number is a word')
})

// -- Names of several models -----------------------------------------------------------------------------------------

const two = (a: string, b: string): string => `models:\n  a: {cmd: "x \${PORT}", ${a}}\n  b: {cmd: "x \${PORT}", ${b}}\n`

t.test('an alias belongs to one model', async (t) => {
  t.strictSame(await yamlProblems(two('aliases: [q, r]', 'aliases: [r, q]')), [
    'c.yaml:3:35 models.b.aliases.0: duplicate alias r: the model a has it too; remove one',
    'c.yaml:3:38 models.b.aliases.1: duplicate alias q: the model a has it too; remove one'
  ])
})

t.test('an alias that is another model\'s id: the id wins, and a warning says so', async (t) => {
  t.strictSame(await yamlWarnings(two('aliases: [b]', 'ttl: 1')), ['c.yaml:2:35 models.a.aliases.0: "b" is the id of another model, which is what the name means'])
})

t.test('an empty alias is left out', async (t) => {
  t.strictSame((await modelOf(yamlModel('aliases: ["", x]'))).aliases, ['x'])
  t.strictSame(await yamlWarnings(yamlModel('aliases: ["", x]')), ['c.yaml:4:15 models.a.aliases.0: the alias is empty, left out'])
})

t.test('a name of setParamsByID is nobody else\'s', async (t) => {
  t.strictSame(await yamlProblems(two('filters: {setParamsByID: {b: {}, q: {}}}', 'aliases: [q]')), [
    "c.yaml:2:51 models.a.filters.setParamsByID.b: the key 'b' conflicts with an existing model ID; choose another name",
    "c.yaml:2:58 models.a.filters.setParamsByID.q: duplicate alias 'q': already used by the model b; choose another name"
  ])
  t.match(await yamlProblems(two('filters: {setParamsByID: {q: {}}}', 'filters: {setParamsByID: {q: {}}}')), [/models\.b\.filters\.setParamsByID\.q: duplicate alias 'q': already used by the model a/])
})

// -- Ids -------------------------------------------------------------------------------------------------------------

t.test('numbers and booleans as ids are texts', async (t) => {
  const { config } = await loadYaml('models:\n  7: {cmd: "x ${PORT} ${MODEL_ID}"}\n  true: {cmd: "x ${PORT}"}\n  1.50: {cmd: "x ${PORT}"}\n  yes: {cmd: "x ${PORT}"}')
  t.strictSame([...config.models.keys()], ['1.50', '7', 'true', 'yes'])
  t.strictSame(config.models.get('7')!.launch.argv, ['x', '${PORT}', '7'])
})

t.test('ids that mean something to JavaScript are ids like any other', async (t) => {
  const ids = ['__proto__', 'constructor', 'toString', '10', '9', 'org/model:q4~1', 'a.b', ' a ']
  const { config, warnings } = await loadYaml(`models:\n${ids.map((id) => `  "${id}":\n    cmd: server \${PORT} "\${MODEL_ID}"\n    toString: 1\n    __proto__: {ttl: 5}\n    metadata: {__proto__: {x: 1}}\n`).join('')}`)
  t.strictSame([...config.models.keys()], [...ids].sort())
  for (const id of ids) {
    const model = config.models.get(id)!
    t.equal(model.launch.argv[2], id)
    t.equal(model.ttl, 0)
    t.equal(JSON.stringify(model.metadata), '{"__proto__":{"x":1}}')
  }
  t.equal(warnings.filter((warning) => /(toString|__proto__): unknown key/.test(warning)).length, 2 * ids.length)
})

t.test('comfyui_auto ignores websockets, and its limit is 50 at least', async (t) => {
  const load = async (more: string) => (await loadYaml(`models: {comfyui_auto: {cmd: "x \${PORT}", ${more}}}`)).config.models.get('comfyui_auto')!
  t.match(await load('concurrencyLimit: 10, compat: {ignoreWebsockets: false}'), { concurrencyLimit: 50, ignoreWebsockets: true })
  t.match(await load('concurrencyLimit: 80'), { concurrencyLimit: 80, ignoreWebsockets: true })
  t.equal((await load('ttl: 1')).concurrencyLimit, undefined, 'none is more than 50')
})

// -- Warnings and positions ------------------------------------------------------------------------------------------

t.test('what is left out is warned about', async (t) => {
  t.strictSame(await yamlWarnings(yamlModel('env: [A, B=1]', 'proxy: http://x:${PORT}/?k=1', 'ttl: 5.5')), [
    'c.yaml:6:5 models.a.ttl: 5.5 is not a whole number, taken as 5',
    'c.yaml:5:5 models.a.proxy: only scheme, host, port and path count; what follows "?" or "#" is left out',
    'c.yaml:4:11 models.a.env.0: must have the form NAME=value, left out'
  ])
})

t.test('credentials in a URL are not repeated', async (t) => {
  t.strictSame(await problemsOf({ models: { a: { cmd: 'x', proxy: 'ftp://me:secret@host' } } }), ['models.a.proxy: invalid proxy URL "ftp://***@host": must be like http://192.168.1.10:8080'])
})

t.test('percent signs in what is told stay what they are', async (t) => {
  t.strictSame(await problemsOf({ models: { a: { cmd: 'x', proxy: 'a%20s %d %o' } } }), ['models.a.proxy: invalid proxy URL "a%20s %d %o": must be like http://192.168.1.10:8080'])
  await t.rejects(loadConfig({ models: { a: { cmd: 'x', proxy: '%s %d' } } }), { message: 'invalid config: models.a.proxy: invalid proxy URL "%s %d": must be like http://192.168.1.10:8080' })
})

t.test('positions within lists, and of keys with dots and slashes', async (t) => {
  t.strictSame(await yamlProblems('models:\n  org/q2.5~1:\n    cmd: x ${PORT}\n    env:\n      - A=1\n      - [B]\n    aliases: [x, ~, {}]'), [
    'c.yaml:7:21 models.org/q2.5~1.aliases.1: must be a string, not a map',
    'c.yaml:6:9 models.org/q2.5~1.env.1: must be a string, not a list'
  ])
})
