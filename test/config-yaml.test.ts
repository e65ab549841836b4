// How YAML is read: as Go's yaml.v3 reads it, which llama-swap uses. The tables were measured on llama-swap v250.
import t from 'tap'
import { parseInteger } from '../lib/config/source/scalar.ts'
import { modelOf, loadYaml, yamlModel, yamlProblems, yamlWarnings } from './helper/config.ts'

async function metadata (text: string): Promise<unknown> {
  return (await modelOf(yamlModel('metadata:', `  v: ${text}`))).metadata!.v
}

// -- Scalars ---------------------------------------------------------------------------------------------------------

const scalars: Array<[text: string, value: unknown]> = [
  ['', null], ['~', null], ['null', null], ['Null', null], ['NULL', null], ['nULL', 'nULL'],
  ['true', true], ['True', true], ['TRUE', true], ['tRUE', 'tRUE'], ['false', false], ['False', false], ['FALSE', false],
  ['yes', 'yes'], ['Yes', 'Yes'], ['no', 'no'], ['on', 'on'], ['off', 'off'], ['y', 'y'], ['n', 'n'],
  ['0', 0], ['1', 1], ['-1', -1], ['+1', 1], ['-0', 0], ['007', 7], ['017', 15], ['0777', 511], ['-017', -15], ['08', 8], ['0888', 888],
  ['0o17', 15], ['-0o17', -15], ['+0o17', 15], ['0O17', 15], ['0o8', '0o8'],
  ['0x1F', 31], ['-0x1F', -31], ['0X1f', 31], ['0x', '0x'], ['0x1p4', '0x1p4'],
  ['0b11', 3], ['-0b11', -3], ['0B11', 3], ['0b12', '0b12'], ['0b_1', 1],
  ['1_000', 1000], ['1__0', 10], ['1_', 1], ['0_7', 7], ['0x_1F', 31], ['_1', '_1'],
  ['1.', 1], ['.5', 0.5], ['-.5', -0.5], ['+.5', 0.5], ['1.5', 1.5], ['1.50', 1.5], ['1.0', 1], ['1_000.5', 1000.5], ['.1_0', 0.1],
  ['1e3', 1000], ['1E+3', 1000], ['1.5e-3', 0.0015], ['1_0e1', 100], ['.5e1', 5], ['+.5e1', 5], ['1.e1', 10], ['1e', '1e'], ['.e1', '.e1'], ['1e400', '1e400'],
  ['123456789.123', 123_456_789.123], ['1e21', 1e21], ['1e-7', 1e-7],
  ['9223372036854775807', 2 ** 63], ['9223372036854775808', 2 ** 63], ['18446744073709551616', 2 ** 64], ['-9223372036854775809', -(2 ** 63)], ['0x8000000000000000', 2 ** 63],
  ['2024-01-01', '2024-01-01T00:00:00Z'], ['2024-1-1', '2024-01-01T00:00:00Z'], ['2024-01-01 10:20:30', '2024-01-01T10:20:30Z'], ['2024-01-01T10:20:30Z', '2024-01-01T10:20:30Z'],
  ['2024-01-01t10:20:30.10-05:00', '2024-01-01T10:20:30.1-05:00'], ['2024-01-01 10:20:30.5 +2', '2024-01-01 10:20:30.5 +2'], ['2024-13-01', '2024-13-01'],
  ['1:30', '1:30'], ['190:20:30.15', '190:20:30.15'], ['12:30:45', '12:30:45'],
  ['"5"', '5'], ["'yes'", 'yes'], ['!!str 5', '5'], ['!!str', ''], ['!!int "5"', 5], ['!!float 5', 5], ['!!binary aGVsbG8=', 'hello'], ['!foo bar', 'bar'],
  ['=', '='], ['<<', '<<'], ['--', '--'], ['+', '+'], ['.', '.'], ['..', '..'], ['...x', '...x'], ['1 2', '1 2'], ['é', 'é'], ['.iNF', '.iNF']
]

for (const [text, value] of scalars) t.test(`${JSON.stringify(text)} is ${JSON.stringify(value)}`, async (t) => t.strictSame(await metadata(text), value))

t.test('what a tag says must hold', async (t) => {
  for (const [text, problem] of [['!!int 5.5', 'it is not an integer'], ['!!bool yes', 'it is not a boolean'], ['!!null x', 'it is not a null'], ['!!float x', 'it is not a float']] as const) {
    t.strictSame(await yamlProblems(yamlModel(`name: ${text}`)), [`c.yaml:4:${11 + text.indexOf(' ') + 1}: ${problem}, as its tag says; correct the value or remove the tag`])
  }
})

t.test('numbers that JSON does not have are refused where they would be passed on', async (t) => {
  for (const text of ['.nan', '.NaN', '.inf', '-.inf', '+.Inf']) {
    t.strictSame(await yamlProblems(yamlModel('metadata:', `  v: [1, ${text}]`)), [`c.yaml:5:14 models.a.metadata.v.1: ${text} cannot be written as JSON; quote it`])
  }
})

t.test('integers have 64 bits', async (t) => {
  t.equal(parseInteger('18446744073709551615'), 2n ** 64n - 1n)
  t.equal(parseInteger('18446744073709551616'), undefined)
  t.equal(parseInteger('-9223372036854775808'), -(2n ** 63n))
  t.equal(parseInteger('-9223372036854775809'), undefined)
})

// -- Fields of a type ------------------------------------------------------------------------------------------------

const booleans: Array<[text: string, value: boolean]> = [
  ['', false], ['~', false], ['true', true], ['TRUE', true], ['!!bool true', true],
  ['yes', true], ['Yes', true], ['YES', true], ['y', true], ['Y', true], ['on', true], ['On', true], ['ON', true],
  ['no', false], ['No', false], ['NO', false], ['n', false], ['N', false], ['off', false], ['Off', false], ['OFF', false]
]
for (const [text, value] of booleans) {
  t.test(`a boolean key: ${JSON.stringify(text)} is ${value}`, async (t) => {
    t.equal((await modelOf(yamlModel(`unlisted: ${text}`))).unlisted, value)
    t.strictSame(await yamlWarnings(yamlModel(`unlisted: ${text}`)), [])
  })
}

t.test('a boolean key: a quoted "yes" is taken as true, with a warning', async (t) => {
  for (const [text, value] of [['"yes"', true], ["'on'", true], ['"no"', false], ['!!str yes', true]] as const) {
    t.equal((await modelOf(yamlModel(`unlisted: ${text}`))).unlisted, value)
    t.match(await yamlWarnings(yamlModel(`unlisted: ${text}`)), [/^c\.yaml:4:5 models\.a\.unlisted: "\w+" in quotes is taken as (true|false); write (true|false)$/])
  }
})

t.test('a boolean key: nothing else is', async (t) => {
  for (const [text, what] of [['yES', 'a string'], ['"true"', 'a string; remove the quotes'], ['"false"', 'a string; remove the quotes'], ['1', 'a number'], ['0', 'a number'], ['[]', 'a list'], ['{}', 'a map']] as const) {
    const [problem] = await yamlProblems(yamlModel(`unlisted: ${text}`))
    t.ok(problem!.startsWith(`c.yaml:4:5 models.a.unlisted: must be true or false, not ${what}`), problem!)
  }
})

const integers: Array<[text: string, value: number, warning?: string]> = [
  ['', 0], ['~', 0], ['5', 5], ['0x10', 16], ['010', 8], ['1_000', 1000], ['1e3', 1000], ['!!int "7"', 7], ['!!float 7', 7], ['5.0', 5],
  ['2.7', 2, '2.7 is not a whole number, taken as 2'], ['-0.5', 0, '-0.5 is not a whole number, taken as 0']
]
for (const [text, value, warning] of integers) {
  t.test(`an integer key: ${JSON.stringify(text)} is ${value}`, async (t) => {
    const yaml = yamlModel('capabilities:', '  in: [text]', `  context: ${text}`)
    t.equal((await modelOf(yaml)).capabilities!.context, value)
    t.strictSame(await yamlWarnings(yaml), warning === undefined ? [] : [`c.yaml:6:7 models.a.capabilities.context: ${warning}`])
  })
}

t.test('an integer key: nothing else is', async (t) => {
  for (const [text, what] of [['"5"', 'a string; remove the quotes'], ['true', 'true'], ['abc', 'a string'], ['[]', 'a list'], ['2024-01-01', 'a string'], ['.inf', 'a number'], ['.nan', 'a number']] as const) {
    const [problem] = await yamlProblems(yamlModel(`ttl: ${text}`))
    t.ok(problem!.startsWith(`c.yaml:4:5 models.a.ttl: must be an integer, not ${what}`), problem!)
  }
  t.match(await yamlProblems(yamlModel('ttl: 1e30')), [/must be <= 2147483647/])
})

// llama-swap turns 1.50 into 1.5, 0x10 into 16 and so on.
t.test('a text key keeps what was written', async (t) => {
  for (const [text, name] of [
    ['5', '5'], ['1.50', '1.50'], ['0x10', '0x10'], ['1e3', '1e3'], ['017', '017'], ['1_000', '1_000'], ['true', 'true'], ['True', 'True'], ['yes', 'yes'], ['2024-01-01', '2024-01-01'], ['.inf', '.inf'],
    ['-0', '-0'], ['12345678901234567890', '12345678901234567890'], ['100000000000000000000.5', '100000000000000000000.5'], ['!!int 5', '5'], ['!!binary aGk=', 'hi'], ['" padded "', 'padded'], ['', ''], ['~', '']
  ] as const) t.equal((await modelOf(yamlModel(`name: ${text}`))).name, name, text)
  for (const text of ['[]', '{}', '[a]']) t.match(await yamlProblems(yamlModel(`name: ${text}`)), [/models\.a\.name: must be a string, not a (list|map)/])
})

t.test('a list of texts: items are texts, empty ones are left out with a warning', async (t) => {
  t.strictSame((await modelOf(yamlModel('aliases: [5, 1.50, true, yes, 0x10]'))).aliases, ['5', '1.50', 'true', 'yes', '0x10'])
  t.strictSame((await modelOf(yamlModel('aliases: [x, ~, y]'))).aliases, ['x', 'y'])
  t.strictSame(await yamlWarnings(yamlModel('aliases:', '  - x', '  -', '  - ~')), ['c.yaml:6:8 models.a.aliases.1: the item is empty, left out', 'c.yaml:7:9 models.a.aliases.2: the item is empty, left out'])
  for (const text of ['', '~', '[]']) t.strictSame((await modelOf(yamlModel(`aliases: ${text}`))).aliases, [])
  for (const text of ['abc', '{a: b}', '5']) t.match(await yamlProblems(yamlModel(`aliases: ${text}`)), [/models\.a\.aliases: must be a list, not/])
  t.match(await yamlProblems(yamlModel('aliases: [[x]]')), [/^c\.yaml:4:15 models\.a\.aliases\.0: must be a string, not a list$/])
})

// -- Structure -------------------------------------------------------------------------------------------------------

t.test('the top level is a map, or nothing', async (t) => {
  for (const text of ['', '\n\n', '# nothing yet\n', '---\n', '\ufeff', '{}', 'null', '~', 'models:', 'models: {}', '---\n...\n']) {
    const { config, warnings } = await loadYaml(text)
    t.equal(config.models.size, 0, JSON.stringify(text))
    t.strictSame(warnings, [])
  }
  t.strictSame(await yamlProblems('- models'), ['c.yaml:1:1: the top level must be a map of keys such as "models:", not a list'])
  t.strictSame(await yamlProblems('models'), ['c.yaml:1:1: the top level must be a map of keys such as "models:", not "models"'])
  t.strictSame(await yamlProblems('\n 42'), ['c.yaml:2:2: the top level must be a map of keys such as "models:", not "42"'])
})

t.test('one document', async (t) => {
  for (const end of ['---\n', '...\n', '---\n---\n', '--- # nothing\n']) t.equal((await modelOf(yamlModel('name: x') + end)).name, 'x', end)
  t.strictSame(await yamlProblems(`${yamlModel()}---\nstartPort: 1\n`), ['c.yaml:5:1: a second document starts here, and a config is one; remove the "---" or "..." before it'])
  t.match(await yamlProblems(`${yamlModel()}...\njunk: [\n`), [/^c\.yaml:5:1: a second document/])
})

t.test('a byte order mark and CRLF line ends are no part of the config', async (t) => {
  const text = '\ufeffmodels:\r\n  a:\r\n    cmd: |\r\n      server \\\r\n        --port ${PORT}\r\n    name: x\r\n    ttl: z\r\n'
  t.strictSame(await yamlProblems(text), ['c.yaml:7:5 models.a.ttl: must be an integer, not a string; such as "ttl: 600"'])
  const model = await modelOf(text.replace('ttl: z', 'ttl: 5'))
  t.strictSame(model.launch.argv, ['server', '--port', '${PORT}'])
  t.equal(model.name, 'x')
})

t.test('%YAML directives', async (t) => {
  for (const version of ['1.1', '1.2']) t.strictSame((await modelOf(`%YAML ${version}\n---\n${yamlModel('metadata: {v: yes}')}`)).metadata, { v: 'yes' })
})

t.test('syntax errors, each with its position and what to do', async (t) => {
  for (const [text, problem] of [
    ['models:\n  a: [1\n', /^c\.yaml:3:1: Flow sequence .* end with a \]; and indent its lines more than its key$/],
    ['models:\n  a:\n    cmd: x ${PORT}\n    aliases: [\n    x,\n    ]\n', /^c\.yaml:5:\d+: .*indent its lines more than its key$/],
    ['models:\n  a: "x', /^c\.yaml:2:8: Missing closing "quote/],
    ['models:\n\ta: 1', /^c\.yaml:2:1: Tabs are not allowed as indentation; indent with spaces$/],
    ['models:\n  a:\n    b: 1\n   c: 2', /^c\.yaml:4:1: All mapping items must start at the same column; give the items/],
    ['a: b: c', /^c\.yaml:1:4: Nested mappings are not allowed in compact mappings; quote a value that holds ": "/],
    ['a: 1\n  b: 2', /^c\.yaml:1:4: Nested mappings are not allowed/],
    ['models\n  a: 1', /^c\.yaml:1:1: Implicit keys need to be on a single line; a key stands on one line/],
    ['a: @b', /^c\.yaml:1:4: Plain value cannot start with reserved character @; quote it$/],
    ['a: - b', /^c\.yaml:1:4: Unexpected block-seq-ind on same line with key; begin the list on the next line/],
    ['a: |x\n', /^c\.yaml:1:5: Block scalar header/]
  ] as const) t.match((await yamlProblems(text))[0], problem, JSON.stringify(text))
})

t.test('what yaml.v3 takes though YAML forbids it', async (t) => {
  t.strictSame((await modelOf(yamlModel('metadata: {a: 1}#c', 'aliases: [', '  x, # c', '  y', ']'))).aliases, ['x', 'y'])
  t.strictSame((await modelOf('models:\n  a:\n    cmd: |\n          \n      server ${PORT}\n')).launch.argv, ['server', '${PORT}'])
})

t.test('all syntax errors are told together', async (t) => {
  t.equal((await yamlProblems('a: @b\nc: @d\n')).length, 2)
})

t.test('duplicate keys, all of them, at the second one', async (t) => {
  t.strictSame(await yamlProblems(`
models:
  a: {cmd: x}
  b: {cmd: y, ttl: 1, ttl: 1}
  a: {cmd: z}
models: {}
`), [
    'c.yaml:4:23: the key "ttl" is there twice, first in line 4; remove one',
    'c.yaml:5:3: the key "a" is there twice, first in line 3; remove one',
    'c.yaml:6:1: the key "models" is there twice, first in line 2; remove one'
  ])
  t.match(await yamlProblems(yamlModel('metadata: {1: a, "1": b}')), [/the key "1" is there twice/])
})

t.test('keys that are not text', async (t) => {
  t.strictSame((await modelOf(yamlModel('metadata: {1: a, 0x10: b, true: c, v: {2: {3.50: d}}}'))).metadata, { 1: 'a', '0x10': 'b', true: 'c', v: { 2: { '3.50': 'd' } } })
  t.strictSame(await yamlProblems(yamlModel('metadata: {? [x] : 1, ? {y: z} : 2}')), ['c.yaml:4:18: a key must be text, not a list; quote it', 'c.yaml:4:29: a key must be text, not a map; quote it'])
})

// -- Anchors ---------------------------------------------------------------------------------------------------------

t.test('anchors, aliases and merge keys', async (t) => {
  const { config, warnings } = await loadYaml(`
x-env: &env [A=1]
models:
  a: &a
    cmd: server \${PORT}
    env: *env
    ttl: 5
  b:
    <<: *a
    ttl: 6
  c:
    cmd: other \${PORT}
    env: *env
`)
  t.strictSame(warnings, [])
  t.match([...config.models.values()], [
    { launch: { argv: ['server', '${PORT}'], env: ['A=1'] }, ttl: 5000 },
    { launch: { argv: ['server', '${PORT}'], env: ['A=1'] }, ttl: 6000 },
    { launch: { argv: ['other', '${PORT}'], env: ['A=1'] }, ttl: 0 }
  ])
})

const merges: Array<[what: string, yaml: string, metadata: object]> = [
  ['of a list: the first map wins', 'x-a: &a {x: 1}\nx-b: &b {x: 2, y: 3}\nmodels: {a: {cmd: "x ${PORT}", metadata: {<<: [*a, *b], z: 1}}}', { x: 1, y: 3, z: 1 }],
  ['what is written out wins, before or after', 'x-a: &a {x: 1, y: 2}\nmodels: {a: {cmd: "x ${PORT}", metadata: {x: 5, <<: *a, y: 6}}}', { x: 5, y: 6 }],
  ['of a map written out', 'models: {a: {cmd: "x ${PORT}", metadata: {<<: {x: 1}}}}', { x: 1 }],
  ['in quotes', 'models: {a: {cmd: "x ${PORT}", metadata: {"<<": {x: 1}}}}', { x: 1 }],
  ['of a merged map', 'x-a: &a {x: 1}\nx-b: &b {<<: *a, y: 2}\nmodels: {a: {cmd: "x ${PORT}", metadata: {<<: *b}}}', { x: 1, y: 2 }]
]
for (const [what, yaml, metadata] of merges) t.test(`a merge key ${what}`, async (t) => t.strictSame((await modelOf(yaml)).metadata, metadata))

t.test('an anchor that is set again, and an alias as a key', async (t) => {
  t.strictSame((await modelOf(yamlModel('metadata: {a: &x 1, b: *x, c: &x 2, d: *x}'))).metadata, { a: 1, b: 1, c: 2, d: 2 })
  t.strictSame((await modelOf(`x-k: &k foo\n${yamlModel('metadata: {*k : 1}')}`)).metadata, { foo: 1 })
})

t.test('a merge key with something other than maps', async (t) => {
  const message = '"<<" needs a map or a list of maps, such as <<: *defaults'
  t.strictSame(await yamlProblems('x-a: &a 1\nmodels:\n  <<: *a'), [`c.yaml:3:3: ${message}`])
  t.strictSame(await yamlProblems('models:\n  <<:'), [`c.yaml:2:3: ${message}`])
  t.strictSame(await yamlProblems('x-a: &a {x: 1}\nmodels:\n  <<: [*a, 5]'), [`c.yaml:3:3: ${message}`])
  t.strictSame(await yamlProblems('x-a: &a {x: {cmd: y}}\nmodels:\n  <<: *a\n  <<: *a'), ['c.yaml:4:3: a second "<<" in one map; give the first a list of both: <<: [*a, *b]'])
})

t.test('an alias without its anchor', async (t) => {
  t.strictSame(await yamlProblems('models:\n  a:\n    cmd: *nope\n    env: *nada\n'), [
    'c.yaml:3:10: unknown alias *nope: no &nope stands before it in this file',
    'c.yaml:4:10: unknown alias *nada: no &nada stands before it in this file'
  ])
  t.strictSame(await yamlProblems('a: *later\nb: &later 1'), ['c.yaml:1:4: unknown alias *later: no &later stands before it in this file'])
})

t.test('an alias within its own anchor', async (t) => {
  t.strictSame(await yamlProblems('a: &a [*a]'), ['c.yaml:1:8: *a stands within &a itself; an alias must follow what it repeats'])
  t.strictSame(await yamlProblems('a: &a {<<: *a}'), ['c.yaml:1:12: *a stands within &a itself; an alias must follow what it repeats', 'c.yaml:1:8: "<<" needs a map or a list of maps, such as <<: *defaults'])
})

t.test('positions are those of what was written, also behind an alias', async (t) => {
  t.strictSame(await yamlProblems('x-base: &base\n  cmd: x ${PORT}\n  ttl: x\n  env: [A=1, [B]]\nmodels:\n  a:\n    <<: *base'), [
    'c.yaml:3:3 models.a.ttl: must be an integer, not a string; such as "ttl: 600"',
    'c.yaml:4:14 models.a.env.1: must be a string, not a list'
  ].reverse())
})

// -- Bounds ----------------------------------------------------------------------------------------------------------

t.test('a bomb of aliases is refused, not expanded', async (t) => {
  const levels = Array.from({ length: 40 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(12)}]`)
  const start = process.cpuUsage()
  const problems = await yamlProblems(`l0: &l0 [x]\n${levels.join('\n')}`)
  t.match(problems, [/^c\.yaml:\d+:\d+: the aliases up to here stand for more than 250000 values; repeat less$/])
  t.ok(process.cpuUsage(start).user < 1_000_000)
})

t.test('many aliases of one base are no bomb', async (t) => {
  const models = Array.from({ length: 2000 }, (_, index) => `  m${index}: *base`).join('\n')
  const { config } = await loadYaml(`x-base: &base {cmd: "server ${'${PORT}'}", aliases: [], metadata: {a: [1, 2, 3], b: {c: d}}}\nmodels:\n${models}`)
  t.equal(config.models.size, 2000)
})

t.test('nesting is bounded', async (t) => {
  t.match(await yamlProblems(`a: ${'['.repeat(101)}${']'.repeat(101)}`), [/^c\.yaml:1:\d+: it is nested too deeply; at most 100 levels are read$/])
  t.match(await yamlProblems(`a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`), [/^c\.yaml:1:\d+: it is nested too deeply; at most 100 levels are read$/])
  t.match(await yamlProblems(`a: ${'[ '.repeat(100_000)}`), [/it is nested too deeply/], 'which might end the process')
  t.match((await yamlProblems(`a: ${'{a: '.repeat(20_000)}`)).join(), /it is nested too deeply/)
  t.ok(await loadYaml(`x-a: ${'['.repeat(90)}${']'.repeat(90)}`))
})

t.test('a file with an error on every line tells 50 of them', async (t) => {
  const problems = await yamlProblems(Array.from({ length: 300 }, (_, index) => `k${index}: *nope\n`).join(''))
  t.equal(problems.length, 51)
  t.equal(problems.at(-1), 'and 250 more')
})
