// Macros: reference section 1.5, each row measured on llama-swap v250.
import t from 'tap'
import type { ModelConfig } from '../lib/config/config.ts'
import { loadYaml, modelOf, problemsOf, yamlModel, yamlProblems } from './helper/config.ts'

/** The model of a text with those macros. */
function withMacros (macros: string, ...lines: string[]): Promise<ModelConfig> {
  return modelOf(`macros: {${macros}}\n${yamlModel(...lines)}`)
}

async function nameOf (macros: string, name: string): Promise<string> {
  return (await withMacros(macros, `name: '${name}'`)).name
}

// -- Declarations ----------------------------------------------------------------------------------------------------

const declarations: Array<[what: string, macros: string, problem: string]> = [
  ['a name of more than 63 characters', `{${'a'.repeat(64)}: 1}`, `.${'a'.repeat(64)}: the macro's name is longer than 63 characters; shorten it`],
  ['a name with a dot', '{a.b: 1}', '.a.b: the macro\'s name contains invalid characters; only letters, digits, "_" and "-" may be in it'],
  ['an empty name', '{"": 1}', '.: the macro\'s name contains invalid characters; only letters, digits, "_" and "-" may be in it'],
  ['a reserved name: PORT', '{PORT: 1}', '.PORT: the macro name PORT is reserved; choose another'],
  ['a reserved name: PID', '{PID: 1}', '.PID: the macro name PID is reserved; choose another'],
  ['a reserved name: MODEL_ID', '{MODEL_ID: 1}', '.MODEL_ID: the macro name MODEL_ID is reserved; choose another'],
  ['a list as value', '{m: [1]}', '.m: the macro\'s value must be a scalar (text, a number, true or false), not a list'],
  ['a map as value', '{m: {a: b}}', '.m: the macro\'s value must be a scalar (text, a number, true or false), not a map'],
  ['null as value', '{m: ~}', '.m: the macro\'s value must be a scalar (text, a number, true or false), not null; use "" for an empty text'],
  ['a date as value', '{m: 2024-01-01}', '.m: the macro\'s value must be a scalar (text, a number, true or false), not a date; quote it'],
  ['itself in its value', "{m: 'x ${m}'}", '.m: the macro refers to itself; take ${m} out of its value'],
  ['a list of macros', '[m]', ': macros must be a map of names to values, such as "threads: 8"'],
  ['a scalar as macros', '5', ': macros must be a map of names to values, such as "threads: 8"']
]
for (const [what, macros, problem] of declarations) {
  t.test(`refused: ${what}`, async (t) => {
    const position = problem.startsWith(':') ? '1:1' : '1:10'
    t.strictSame(await yamlProblems(`macros: ${macros}`), [`c.yaml:${position} macros${problem}`])
    const inModel = problem.startsWith(':') ? '4:5' : '4:14'
    t.strictSame(await yamlProblems(yamlModel(`macros: ${macros}`)), [`c.yaml:${inModel} models.a.macros${problem}`], 'in a model')
  })
}

t.test('none, or one with nothing in it, is fine', async (t) => {
  for (const macros of ['', '~', '{}']) t.ok(await loadYaml(`macros: ${macros}\n${yamlModel(`macros: ${macros}`)}`))
  t.equal(await nameOf('m: ', '[${m}]'), '[]')
  t.equal(await nameOf(`${'a'.repeat(63)}: x`, `\${${'a'.repeat(63)}}`), 'x')
})

t.test('names are told apart by case; a number may be one', async (t) => {
  t.equal(await nameOf('port: 1, 5: a, a-b_C: z', '${port} ${5} ${a-b_C}'), '1 a z')
})

t.test('all wrong declarations are told, and nothing that follows from them', async (t) => {
  t.strictSame(await yamlProblems(`macros: {a.b: 1, m: [1]}\n${yamlModel('macros: {PID: 1}', 'name: ${m} ${PID}')}`), [
    'c.yaml:1:10 macros.a.b: the macro\'s name contains invalid characters; only letters, digits, "_" and "-" may be in it',
    'c.yaml:1:18 macros.m: the macro\'s value must be a scalar (text, a number, true or false), not a list',
    'c.yaml:5:14 models.a.macros.PID: the macro name PID is reserved; choose another'
  ])
})

// -- Order and scope -------------------------------------------------------------------------------------------------

t.test('a value may use the macros before it, and MODEL_ID', async (t) => {
  t.equal(await nameOf("a: A, b: 'B${a}', c: '${b}${a}'", '${c}'), 'BAA')
  t.equal(await nameOf("a: 'x-${MODEL_ID}'", '${a}'), 'x-a')
})

t.test('but not those after it', async (t) => {
  t.strictSame(await yamlProblems(`macros: {a: '\${b}', b: 1}\n${yamlModel('name: ${a}')}`), [
    "c.yaml:5:5 models.a.name: unknown macro '${b}' here: a macro may only use those that stand before it; move its definition up"
  ])
})

t.test('a macro put together by macros: in the same order', async (t) => {
  t.equal(await nameOf('b: Z, a: b', 'q ${${a}}'), 'q Z')
  t.match(await yamlProblems(`macros: {a: b, b: Z}\n${yamlModel("name: 'q ${${a}}'")}`), [/unknown macro '\$\{b\}'/])
})

t.test('a model\'s own macro takes the place of the global one', async (t) => {
  t.equal((await withMacros("a: A, b: 'B${a}'", 'macros: {a: L}', 'name: ${b}')).name, 'BL')
  t.equal((await withMacros('a: A', "macros: {b: '${a}b'}", 'name: ${b}')).name, 'Ab', 'a new one comes last')
})

t.test('a model\'s own macro is not there for others', async (t) => {
  t.match(await yamlProblems(`${yamlModel('macros: {m: 1}', 'name: ${m}')}  b: {cmd: 'x \${PORT}', name: '\${m}'}`), [/^c\.yaml:6:25 models\.b\.name: unknown macro '\$\{m\}'; define it under macros$/])
})

t.test('a model\'s own macro may be a merged one', async (t) => {
  t.equal((await modelOf(`x-m: &m {m: 1}\n${yamlModel("macros: {<<: *m, n: '${m}2'}", 'name: ${n}')}`)).name, '12')
})

t.test('a macro that nobody uses may use what is not there', async (t) => t.ok(await withMacros("m: '${nope}'", "macros: {n: '${nada}'}")))

t.test('global macros are for every key of the top level', async (t) => {
  const { config } = await loadYaml(`macros: {level: debug, ttl: 9, port: 7000, id: a, g: x}
logLevel: \${level}
globalTTL: \${ttl}
startPort: \${port}
hooks: {on_startup: {preload: ['\${id}']}}
groups: {"\${g}": {members: ["\${id}"]}}
x-d: &d {cmd: "x \${PORT}", name: "\${g} \${MODEL_ID}"}
models: {a: *d}`)
  const model = config.models.get('a')!
  t.match({ logLevel: config.logLevel, preload: config.preload, ttl: model.ttl, port: model.launch.preferredPort, name: model.name }, { logLevel: 'debug', preload: ['a'], ttl: 9000, port: 7000, name: 'x a' })
  t.match(config.routing.router, { groups: [{ name: '${g}', members: ['a'] }] }, 'keys are left as they are')
})

// -- Types -----------------------------------------------------------------------------------------------------------

t.test('a text that is one macro takes its type', async (t) => {
  const { metadata } = await withMacros("i: 5, f: 1.50, b: true, s: '5', y: yes, e: '${i}'", "metadata: {i: '${i}', f: '${f}', b: '${b}', s: '${s}', y: '${y}', e: '${e}', x: '${e}0', sp: ' ${i}', l: ['${i}', {m: '${b}'}]}")
  t.strictSame(metadata, { i: 5, f: 1.5, b: true, s: '5', y: 'yes', e: 5, x: '50', sp: ' 5', l: [5, { m: true }] })
})

t.test('a number or boolean key takes a macro of its type', async (t) => {
  const model = await withMacros('n: 7, b: true, y: yes', 'ttl: ${n}', 'unlisted: ${b}', 'sendLoadingState: ${y}')
  t.match(model, { ttl: 7000, unlisted: true, sendLoadingState: true })
  t.match(await yamlProblems(`macros: {s: '7'}\n${yamlModel('ttl: ${s}')}`), [/^c\.yaml:5:5 models\.a\.ttl: must be an integer, not a string; remove the quotes$/])
})

t.test('within a longer text numbers are printed as Go prints them', async (t) => {
  for (const [written, printed] of Object.entries({
    1.5: '1.5',
    '1.50': '1.5',
    '1e21': '1e+21',
    '1e20': '1e+20',
    1e-7: '1e-07',
    0.0001: '0.0001',
    0.00001: '1e-05',
    '.inf': '+Inf',
    '-.inf': '-Inf',
    '.nan': 'NaN',
    '-0.0': '-0',
    123456789.5: '1.234567895e+08',
    '1e6': '1e+06',
    '1e5': '100000',
    '100000000.0': '1e+08',
    '2097152.0': '2.097152e+06',
    '21000000.0': '2.1e+07',
    '0x10': '16',
    '32_768': '32768',
    '017': '15',
    true: 'true',
    True: 'true',
    yes: 'yes'
  })) t.equal(await nameOf(`m: ${written}`, '<${m}>'), `<${printed}>`, written)
  t.equal(await nameOf('m: 12345678901234567890', '<${m}>'), '<12345678901234567890>')
})

// -- MODEL_ID, PORT, PID ---------------------------------------------------------------------------------------------

t.test('MODEL_ID is the id, everywhere in a model', async (t) => {
  const model = await modelOf(yamlModel('cmdStop: stop ${MODEL_ID}', 'proxy: http://h:${PORT}/${MODEL_ID}', 'checkEndpoint: /${MODEL_ID}', "env: ['M=${MODEL_ID}']", "aliases: ['${MODEL_ID}-x']", "metadata: {l: ['${MODEL_ID}']}"))
  t.match(model, { launch: { stopArgv: ['stop', 'a'], proxy: 'http://h:${PORT}/a', env: ['M=a'] }, checkEndpoint: '/a', aliases: ['a-x'], metadata: { l: ['a'] } })
})

t.test('an id with characters that mean something to a replacement is taken as it is', async (t) => {
  for (const id of ['$&', '$1', '$$', '\\1', '{x}y'] as const) {
    const { config } = await loadYaml(`models: {${JSON.stringify(id)}: {cmd: "x ${'${PORT}'}", name: "<${'${MODEL_ID}'}>"}}`)
    t.equal(config.models.get(id)!.name, `<${id}>`)
  }
})

t.test('PORT is for models whose cmd uses it, in the order of the ids', async (t) => {
  const { config } = await loadYaml(`startPort: 9000
macros: {p: '--port \${PORT}'}
models:
  c: {cmd: 'x \${p}'}
  b: {cmd: x, proxy: 'http://h:1'}
  B: {cmd: 'x \${PORT}'}
  "\${PORT}": {cmd: 'x \${MODEL_ID}'}
  a: {cmd: 'x=\${PORT}'}`)
  t.strictSame([...config.models.values()].map(({ id, launch }) => [id, launch.preferredPort]), [['${PORT}', 9000], ['B', 9001], ['a', 9002], ['b', undefined], ['c', 9003]].sort((x, y) => x[0]! < y[0]! ? -1 : 1))
})

t.test('PORT stays to be bound late in a launch; elsewhere it is the preferred number', async (t) => {
  const model = await modelOf(yamlModel('cmdStop: stop ${PORT}', "env: ['P=${PORT}']", 'name: on ${PORT}', "aliases: ['${PORT}']", "metadata: {p: '${PORT}', t: 'x${PORT}'}", 'checkEndpoint: /${PORT}', "filters: {setParamsByID: {'m${PORT}': {p: '${PORT}'}}}"))
  t.match(model, {
    launch: { argv: ['server', '${PORT}'], stopArgv: ['stop', '${PORT}'], env: ['P=${PORT}'], proxy: 'http://localhost:${PORT}', preferredPort: 5800 },
    name: 'on 5800',
    aliases: ['5800', 'm5800'],
    metadata: { p: 5800, t: 'x5800' },
    checkEndpoint: '/5800'
  })
  t.match(model.filters.setParamsByID.get('m5800'), [{ name: 'p', json: '5800' }])
})

t.test('PORT without a cmd that uses it', async (t) => {
  const none = 'give cmd the port, or set proxy to the URL where the server listens'
  const models = (more: string): string => `models: {a: {cmd: x, ${more}}}`
  t.strictSame(await yamlProblems('models: {a: {cmd: x}}'), [`c.yaml:1:10 models.a.proxy: proxy uses \${PORT} but cmd does not - \${PORT} is only available when used in cmd; ${none}`], 'the default proxy')
  t.strictSame(await yamlProblems(models("proxy: 'http://h:${PORT}'")), [`c.yaml:1:22 models.a.proxy: proxy uses \${PORT} but cmd does not - \${PORT} is only available when used in cmd; ${none}`])
  for (const [key, value] of Object.entries({ 'env.0': "env: ['A=${PORT}']", cmdStop: "cmdStop: 'b ${PORT}'", name: "name: '${PORT}'", 'metadata.v': "metadata: {v: '${PORT}'}" })) {
    const [problem] = await yamlProblems(models(`proxy: 'http://h', ${value}`))
    t.ok(problem!.endsWith(` models.a.${key}: \${PORT} is only available when cmd uses it; give cmd the port, or write the server's own here`), problem!)
  }
})

t.test('PID is only there in cmdStop', async (t) => {
  t.strictSame((await modelOf(yamlModel('cmdStop: kill ${PID}'))).launch.stopArgv, ['kill', '${PID}'])
  const message = "unknown macro '${PID}': it is only available in cmdStop; take it out"
  for (const [key, line] of Object.entries({ cmd: 'x: 1\n    cmd: x ${PID} ${PORT}', name: 'name: ${PID}', 'env.0': "env: ['A=${PID}']", 'metadata.v': "metadata: {v: '${PID}'}", 'metadata.cmdStop': "metadata: {cmdStop: '${PID}'}" })) {
    const text = key === 'cmd' ? 'models:\n  a:\n    cmd: x ${PID} ${PORT}\n' : yamlModel(line)
    t.match(await yamlProblems(text), [new RegExp(`models\\.a\\.${key.replace('.', '\\.')}: ${message.replace(/[$'{}]/g, '\\$&')}`)], key)
  }
})

// -- Unknown ---------------------------------------------------------------------------------------------------------

t.test('a macro that is not there is told, wherever it stands', async (t) => {
  const modelLines: Record<string, string> = {
    cmdStop: 'x ${no}',
    proxy: '${no}',
    checkEndpoint: '/${no}',
    name: '${no}',
    description: '${no}',
    useModelName: '${no}',
    ttl: '${no}',
    unlisted: '${no}',
    'env.0': "['A=${no}']",
    'aliases.0': "['${no}']",
    'timeouts.connect': '${no}',
    'capabilities.in.0': "['${no}']",
    'metadata.x.0.y': "[{y: '${no}'}]",
    'filters.stripParams': '${no}',
    'filters.setParams.x': '${no}',
    zzz: '${no}'
  }
  for (const [path, value] of Object.entries(modelLines)) {
    const [key, inner, deeper] = path.split('.')
    const line = inner === undefined || inner === '0' ? `${key}: ${value}` : `${key}: {${inner}: ${deeper === 'x' ? `{x: ${quoted(value)}}` : quoted(value)}}`
    t.match(await yamlProblems(yamlModel(line)), [new RegExp(`^c\\.yaml:4:\\d+ models\\.a\\.${path.replaceAll('.', '\\.')}: unknown macro '\\$\\{no\\}'; define it under macros$`)], line)
  }
  for (const [path, text] of Object.entries({
    startPort: 'startPort: ${no}',
    globalTTL: 'globalTTL: ${no}',
    logLevel: 'logLevel: ${no}',
    'apiKeys.0': "apiKeys: ['${no}']",
    'hooks.on_startup.preload.0': "hooks: {on_startup: {preload: ['${no}']}}",
    'peers.p.apiKey': "peers: {p: {apiKey: '${no}'}}",
    'groups.g.members.0': "groups: {g: {members: ['${no}']}}",
    'profiles.p.description': "profiles: {p: {description: '${no}'}}",
    'x.y': ''
  })) if (text !== '') t.match(await yamlProblems(text), [new RegExp(`^c\\.yaml:1:\\d+ ${path.replaceAll('.', '\\.')}: unknown macro '\\$\\{no\\}'`)], text)
})

function quoted (value: string): string {
  return /^[[{']/.test(value) ? value : `'${value}'`
}

t.test('but not in keys of the top level that are nobody\'s', async (t) => {
  t.ok(await loadYaml("zzz: '${no}'\nx-a: '${no}'"))
})

t.test('the nearest macro is named', async (t) => {
  t.match(await yamlProblems(`macros: {threads: 8}\n${yamlModel('name: ${thread} ${PROT} ${model-id}')}`), [/did you mean \$\{threads\}\?$/, /did you mean \$\{PORT\}\?$/, /did you mean \$\{MODEL_ID\}\?$/])
  t.match(await yamlProblems("macros: {level: debug}\nlogLevel: '${levle}'\nglobalTTL: '${MODEL_ID}'"), [/did you mean \$\{level\}\?$/, /'\$\{MODEL_ID\}': it is only available in models; write the id itself$/])
})

t.test('what is no macro is left alone', async (t) => {
  const text = '${} ${a b} ${a:b} ${a.b} $x {y} ${é} $(id) ${unclosed $'
  t.equal((await modelOf(yamlModel(`name: '${text}'`))).name, text)
  t.strictSame((await modelOf("models: {a: {cmd: \"sh -c 'echo ${X:-1} ${PORT}'\"}}")).launch.argv, ['sh', '-c', 'echo ${X:-1} ${PORT}'])
})

t.test('comments of commands are dropped before macros are looked at', async (t) => {
  t.strictSame((await modelOf('models:\n  a:\n    cmd: |\n      # was: ${no}\n      server ${PORT}\n        # ${PID}\n    cmdStop: |\n      # ${no}\n      stop\n')).launch, {
    argv: ['server', '${PORT}'], env: [], proxy: 'http://localhost:${PORT}', stopArgv: ['stop'], preferredPort: 5800
  })
  t.match(await yamlProblems('models:\n  a:\n    cmd: |\n      # ${PORT}\n      server\n'), [/proxy uses \$\{PORT\} but cmd does not/], 'a port in a comment is not used')
})

t.test('keys are left as they are', async (t) => {
  t.strictSame((await withMacros('m: k', "metadata: {'${m}': 1, '${no}': 2}")).metadata, { '${m}': 1, '${no}': 2 })
})

t.test('but not those of filters.setParamsByID, which are names', async (t) => {
  t.strictSame((await withMacros('m: fast', "filters: {setParamsByID: {'${MODEL_ID}:${m}': {x: 1}}}")).aliases, ['a:fast'])
  t.strictSame(await yamlProblems(yamlModel("filters: {setParamsByID: {'${MODEL_ID}': {}, a: {}}}")), ['c.yaml:4:50 models.a.filters.setParamsByID.a: the keys "${MODEL_ID}" and "a" are both "a" once their macros are replaced; remove one'])
  t.match(await yamlProblems(yamlModel("filters: {setParamsByID: {'${no}': {}}}")), [/^c\.yaml:4:31 models\.a\.filters\.setParamsByID\.\$\{no\}: unknown macro '\$\{no\}'; define it under macros$/])
})

// -- Positions, objects, bounds --------------------------------------------------------------------------------------

t.test('a value that came from a macro is told where it is used', async (t) => {
  t.match(await yamlProblems(`macros: {t: soon}\n${yamlModel('ttl: ${t}')}`), [/^c\.yaml:5:5 models\.a\.ttl: must be an integer, not a string/])
})

t.test('macros work in objects', async (t) => {
  t.strictSame(await problemsOf({ macros: { a: 1, 'b.c': null, d: null, e: 1.5, f: true }, models: {} }), ["macros.b.c: the macro's name contains invalid characters; only letters, digits, \"_\" and \"-\" may be in it"])
  t.strictSame(await problemsOf({ models: { a: { cmd: 'x ${no}' } } }), ["models.a.cmd: unknown macro '${no}'; define it under macros"], 'which might hold the port')
})

t.test('macros that multiply each other are bounded', async (t) => {
  const macros = ['m0: xxxxxxxxxxxxxxxx', ...Array.from({ length: 40 }, (_, index) => `m${index + 1}: '\${m${index}}\${m${index}}'`)].join(', ')
  const start = process.cpuUsage()
  t.match(await yamlProblems(`macros: {${macros}}\n${yamlModel('name: ${m40}', 'description: ${m39}')}`), [/^c\.yaml:5:5 models\.a\.name: with its macros replaced the config grows too large/])
  t.ok(process.cpuUsage(start).user < 1_000_000)
})
