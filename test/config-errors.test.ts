import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import type { LlamaSwapError } from '../index.ts'
import type { ConfigInput, ModelInput } from '../types/config.ts'

const cmd = 'server ${PORT}'

async function failure (source: string | ConfigInput): Promise<LlamaSwapError> {
  return loadConfig(source).then(() => { throw new Error('it was accepted') }, (error: LlamaSwapError) => error)
}

/** The problems of a YAML text, one a line, without the folder. */
async function problems (t: Test, yaml: string): Promise<string[]> {
  const folder = t.testdir({ 'c.yaml': yaml })
  const { code, detail } = await failure(join(folder, 'c.yaml'))
  t.equal(code, 'FST_LS_CONFIG')
  return detail!.replaceAll(join(folder, 'c.yaml'), 'c.yaml').split('\n')
}

async function objectProblems (t: Test, config: unknown): Promise<string[]> {
  const { code, detail } = await failure(config as ConfigInput)
  t.equal(code, 'FST_LS_CONFIG')
  return detail!.split('\n')
}

const modelProblems = (t: Test, model: unknown): Promise<string[]> => objectProblems(t, { models: { a: { cmd, ...model as object } } })

// -- Files -----------------------------------------------------------------------------------------------------------

t.test('a file that is not there', async (t) => {
  const path = join(t.testdir({}), 'none.yaml')
  const error = await failure(path)
  t.match(error, { code: 'FST_LS_CONFIG', statusCode: 500, message: `invalid config: ${path}: there is no such file` })
})

t.test('a directory', async (t) => {
  const path = t.testdir({})
  t.match(await failure(path), { code: 'FST_LS_CONFIG', message: `invalid config: ${path}: it is a directory; name a file in it` })
})

t.test('a path through a file', async (t) => {
  const path = join(t.testdir({ file: '' }), 'file', 'c.yaml')
  t.match(await failure(path), { code: 'FST_LS_CONFIG', message: new RegExp(`^invalid config: ${path}: ENOTDIR`) })
})

t.test('a file without permission', { skip: process.getuid?.() === 0 || process.platform === 'win32' ? 'root may read everything' : false }, async (t) => {
  const path = join(t.testdir({ 'c.yaml': 'models: {}' }), 'c.yaml')
  chmodSync(path, 0)
  t.match(await failure(path), { code: 'FST_LS_CONFIG', message: `invalid config: ${path}: no permission to read it` })
})

t.test('a path with spaces and colons is told as it is', async (t) => {
  const folder = join(t.testdir({}), 'a b:c')
  mkdirSync(folder)
  t.match(await failure(join(folder, 'x.yaml')), { message: `invalid config: ${join(folder, 'x.yaml')}: there is no such file` })
})

// -- YAML ------------------------------------------------------------------------------------------------------------

t.test('syntax errors, each with its position', async (t) => {
  for (const [yaml, problem] of [
    ['models:\n  a: [1\n', /^c\.yaml:3:1: /],
    ['models:\n  a: "x', /^c\.yaml:2:8: Missing closing "quote/],
    ['models:\n\ta: 1', /^c\.yaml:2:1: Tabs are not allowed as indentation/],
    ['a: b: c', /^c\.yaml:1:4: Nested mappings/],
    ['a: 1\n  b: 2', /^c\.yaml:1:4: /],
    ['a: 1\n---\nb: 2', /^c\.yaml:2:1: Source contains multiple documents/],
    ['a: @b', /^c\.yaml:1:4: /]
  ] as const) t.match((await problems(t, yaml))[0], problem, JSON.stringify(yaml))
})

t.test('duplicate keys, all of them, at the second one', async (t) => {
  t.strictSame(await problems(t, `
models:
  a: {cmd: x}
  b: {cmd: y, ttl: 1, ttl: 1}
  a: {cmd: z}
models: {}
`), ['c.yaml:4:23: Map keys must be unique', 'c.yaml:5:3: Map keys must be unique', 'c.yaml:6:1: Map keys must be unique'])
})

t.test('an alias without its anchor', async (t) => {
  t.strictSame(await problems(t, 'models:\n  a:\n    cmd: *nope\n    env: *nada\n'), [
    'c.yaml:3:10: unknown alias *nope: no &nope stands before it',
    'c.yaml:4:10: unknown alias *nada: no &nada stands before it'
  ])
  t.strictSame(await problems(t, 'a: *later\nb: &later 1'), ['c.yaml:1:4: unknown alias *later: no &later stands before it'])
})

t.test('a merge key with something other than a map', async (t) => {
  t.match(await problems(t, 'a: &a 1\nmodels:\n  <<: *a'), [/^c\.yaml: Merge sources must be/])
})

t.test('a bomb of aliases is refused, not expanded', async (t) => {
  const levels = Array.from({ length: 12 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(12)}]`)
  t.match(await problems(t, `l0: &l0 [x]\n${levels.join('\n')}`), [/^c\.yaml: Excessive alias count/])
})

t.test('a list or a scalar at the top', async (t) => {
  t.strictSame(await problems(t, '- models'), ['c.yaml: must be an object, not a list'])
  t.strictSame(await problems(t, 'models'), ['c.yaml: must be an object, not a string'])
  t.strictSame(await problems(t, '42'), ['c.yaml: must be an object, not a number'])
  t.strictSame(await objectProblems(t, []), ['must be an object, not a list'])
})

// -- Shape -----------------------------------------------------------------------------------------------------------

t.test('all wrong types at once, each at its key', async (t) => {
  t.strictSame(await problems(t, `healthCheckTimeout: soon
globalTTL: 1.5
unloadTimeout: -1
startPort: 0
logLevel: [info]
models:
  a:
    cmd: [server]
    cmdStop: 1
    proxy: true
    env: A=1
    aliases: {x: y}
    checkEndpoint: 5
    ttl: "5"
    unloadTimeout: null
    unlisted: "yes"
    name: 1
    description: []
    timeouts: {connect: long, idleConn: -1}
`), [
    'c.yaml:8:5 models.a.cmd: must be a string, not a list',
    'c.yaml:9:5 models.a.cmdStop: must be a string, not a number',
    'c.yaml:10:5 models.a.proxy: must be a string, not a boolean',
    'c.yaml:11:5 models.a.env: must be an array, not a string',
    'c.yaml:12:5 models.a.aliases: must be an array, not an object',
    'c.yaml:13:5 models.a.checkEndpoint: must be a string, not a number',
    'c.yaml:14:5 models.a.ttl: must be an integer, not a string',
    'c.yaml:15:5 models.a.unloadTimeout: must be an integer, not empty',
    'c.yaml:16:5 models.a.unlisted: must be a boolean, not a string',
    'c.yaml:17:5 models.a.name: must be a string, not a number',
    'c.yaml:18:5 models.a.description: must be a string, not a list',
    'c.yaml:19:16 models.a.timeouts.connect: must be an integer, not a string',
    'c.yaml:19:31 models.a.timeouts.idleConn: must be >= 0',
    'c.yaml:1:1 healthCheckTimeout: must be an integer, not a string',
    'c.yaml:2:1 globalTTL: must be an integer, not a number',
    'c.yaml:3:1 unloadTimeout: must be >= 0',
    'c.yaml:4:1 startPort: must be >= 1',
    'c.yaml:5:1 logLevel: must be a string, not a list'
  ])
})

t.test('a model of nothing is refused at its place', async (t) => {
  t.strictSame(await problems(t, 'models:\n  a: {cmd: x}\n  b:\n  c: x\n  d: []'), [
    'c.yaml:3:3 models.b: must be an object, not empty',
    'c.yaml:4:3 models.c: must be an object, not a string',
    'c.yaml:5:3 models.d: must be an object, not a list'
  ])
})

t.test('a model without cmd', async (t) => {
  t.strictSame(await problems(t, 'models:\n  a:\n    ttl: 5\n'), ['c.yaml:2:3 models.a.cmd: is missing'])
  t.strictSame(await objectProblems(t, { models: { a: {} } }), ['models.a.cmd: is missing'])
})

t.test('a model with an empty id', async (t) => {
  t.strictSame(await problems(t, 'models:\n  "": {cmd: x}'), ['c.yaml:2:3 models.: the model id must not be empty'])
  t.match(await problems(t, 'models:\n  ~: {cmd: x}'), [/the model id must not be empty/])
})

t.test('objects have no positions', async (t) => {
  t.strictSame(await objectProblems(t, { startPort: 'x', models: { a: { cmd: 1 } } }), [
    'models.a.cmd: must be a string, not a number',
    'startPort: must be an integer, not a string'
  ])
})

t.test('an object with what is no data', async (t) => {
  t.match(await objectProblems(t, { models: { a: { cmd, metadata: { f () {} } } } }), [/^the object must hold plain data: .*could not be cloned/])
})

t.test('positions within lists, and of keys with dots and slashes', async (t) => {
  t.strictSame(await problems(t, 'models:\n  org/q2.5~1:\n    cmd: x\n    env:\n      - A=1\n      - B\n    aliases: [x, 1]'), [
    'c.yaml:6:9 models.org/q2.5~1.env.1: must have the form NAME=value',
    'c.yaml:7:18 models.org/q2.5~1.aliases.1: must be a string, not a number'
  ])
})

t.test('what a merge key brought is told at the model', async (t) => {
  t.strictSame(await problems(t, 'base: &base\n  cmd: x\n  ttl: x\nmodels:\n  a:\n    <<: *base'), ['c.yaml:5:3 models.a.ttl: must be an integer, not a string'])
})

t.test('one model\'s wrong values', async (t) => {
  const wrong: Array<[Partial<ModelInput>, string]> = [
    [{ cmd: '' }, 'models.a.cmd: must NOT have fewer than 1 characters'],
    [{ proxy: '' }, 'models.a.proxy: must NOT have fewer than 1 characters'],
    [{ ttl: -2 }, 'models.a.ttl: must be >= -1'],
    [{ ttl: 0.5 }, 'models.a.ttl: must be an integer, not a number'],
    [{ ttl: Infinity }, 'models.a.ttl: must be an integer, not a number'],
    [{ unloadTimeout: -1 }, 'models.a.unloadTimeout: must be >= 0'],
    [{ checkEndpoint: 'health' }, 'models.a.checkEndpoint: must be a path that starts with "/", or "none"'],
    [{ checkEndpoint: '/a b' }, 'models.a.checkEndpoint: must be a path that starts with "/", or "none"'],
    [{ env: ['=x'] }, 'models.a.env.0: must have the form NAME=value']
  ]
  for (const [model, problem] of wrong) t.strictSame(await modelProblems(t, model), [problem])
})

t.test('startPort has bounds', async (t) => {
  t.strictSame(await objectProblems(t, { startPort: 65_536 }), ['startPort: must be <= 65535'])
  t.strictSame(await objectProblems(t, { startPort: -1 }), ['startPort: must be >= 1'])
})

// -- What it means ---------------------------------------------------------------------------------------------------

t.test('all meaningless values at once, each at its key', async (t) => {
  t.strictSame(await problems(t, `models:
  a:
    cmd: |
      # only a comment
    proxy: http://localhost:1
  b:
    cmd: server
  c:
    cmd: server \${PORT} \${nope}
    proxy: localhost:\${PORT}
    aliases: [x, y]
  d:
    cmd: server \${PORT}
    cmdStop: '\${PORT} \${PID} \${x}'
    aliases: [y, z, z]
`), [
    'c.yaml:3:5 models.a.cmd: the command is empty',
    'c.yaml:6:3 models.b.proxy: uses ${PORT} but cmd does not: ${PORT} is only available when used in cmd',
    'c.yaml:10:5 models.c.proxy: invalid proxy URL "localhost:${PORT}": must be like http://localhost:8080',
    "c.yaml:9:5 models.c.cmd: unknown macro '${nope}'",
    "c.yaml:14:5 models.d.cmdStop: unknown macro '${x}'",
    'c.yaml:15:5 models.d.aliases: duplicate alias y: the model c has it too',
    'c.yaml:15:5 models.d.aliases: duplicate alias z: the model d has it too'
  ])
})

t.test('proxy must be an http or https URL', async (t) => {
  for (const proxy of ['localhost', '127.0.0.1:8080', '//localhost:1', 'ftp://localhost', 'http://', 'http://a b', 'unix:/x', 'http://localhost:99999']) {
    t.strictSame(await modelProblems(t, { proxy }), [`models.a.proxy: invalid proxy URL "${proxy}": must be like http://localhost:8080`])
  }
  for (const proxy of ['http://localhost:${PORT}', 'https://example.com', 'http://[::1]:${PORT}/v1/', 'HTTP://host']) t.ok(await loadConfig({ models: { a: { cmd, proxy } } }))
})

t.test('an alias may be another model\'s id: the id wins', async (t) => {
  t.ok(await loadConfig({ models: { a: { cmd, aliases: ['b'] }, b: { cmd } } }))
})

// -- The error -------------------------------------------------------------------------------------------------------

t.test('one problem is told in one line, several in a list', async (t) => {
  t.equal((await failure({ startPort: 0 })).message, 'invalid config: startPort: must be >= 1')
  t.equal((await failure({ startPort: 0, globalTTL: -1 })).message, 'invalid config:\n  globalTTL: must be >= 0\n  startPort: must be >= 1')
})

t.test('percent signs in what is told stay what they are', async (t) => {
  t.equal((await failure({ models: { a: { cmd, proxy: '%s %d %o' } } })).message, 'invalid config: models.a.proxy: invalid proxy URL "%s %d %o": must be like http://localhost:8080')
})
