// `${env.NAME}`, replaced in the text of a file before it is read as YAML (measured on llama-swap v250 where it says nothing else).
import t from 'tap'
import { fileOf, modelOf, problemsOf, yamlModel, yamlProblems, yamlWarnings } from './helper/config.ts'

const HINT = 'set it where the gateway is started, or take the reference out'

async function nameOf (line: string, env: Record<string, string>): Promise<string> {
  return (await modelOf(yamlModel(`name: ${line}`), { env })).name
}

t.test('a value is put in its place', async (t) => {
  t.equal(await nameOf('${env.A}', { A: 'x' }), 'x')
  t.equal(await nameOf('"<${env.A}-${env._b2}>"', { A: 'x', _b2: 'y' }), '<x-y>')
})

t.test('a value is read as YAML', async (t) => {
  t.strictSame((await modelOf(yamlModel('metadata: {n: ${env.N}, q: "${env.N}", l: ${env.L}}'), { env: { N: '5', L: '[1, a]' } })).metadata, { n: 5, q: '5', l: [1, 'a'] })
  t.equal((await modelOf(yamlModel('ttl: ${env.TTL}'), { env: { TTL: '90' } })).ttl, 90_000)
  t.equal((await modelOf('models: {${env.ID}: {cmd: "x ${PORT}"}}', { env: { ID: 'a' } })).id, 'a', 'as a key')
  t.equal(await nameOf('${env.A}', { A: 'a # b' }), 'a', 'as a comment')
  t.equal(await nameOf('${env.A}', { A: '${MODEL_ID}' }), 'a', 'as a macro')
  t.equal(await nameOf('x${env.A}', { A: '' }), 'x')
})

t.test('backslashes and double quotes are escaped, whatever stands around', async (t) => {
  const env = { A: 'a\\b"c' }
  t.equal(await nameOf('"${env.A}"', env), 'a\\b"c')
  t.equal(await nameOf('${env.A}', env), 'a\\\\b\\"c')
  t.equal(await nameOf("'${env.A}'", env), 'a\\\\b\\"c')
  t.strictSame((await modelOf('models: {a: {cmd: server ${env.A}, proxy: "http://x"}}', { env })).launch.argv, ['server', 'a\\b"c'], 'which a command undoes')
})

t.test('a tab may be in a value', async (t) => t.equal(await nameOf('x${env.A}y', { A: '\t' }), 'x\ty'))

t.test('a value may refer to another variable, once', async (t) => {
  t.equal(await nameOf('${env.A}', { A: 'v ${env.B}', B: 'b' }), 'v b')
  t.strictSame(await yamlProblems(yamlModel('name: ${env.A}'), { env: { A: '${env.B}', B: '${env.C}', C: 'c' } }), [
    'c.yaml:4:11: the environment variable B refers to C, but is itself referred to by another; at most one level is followed'
  ])
  t.match(await yamlProblems(yamlModel('name: ${env.A}'), { env: { A: '${env.A}' } }), [/A refers to A/])
})

t.test('one that is not set is a problem, all of them together', async (t) => {
  t.strictSame(await yamlProblems(yamlModel('name: ${env.NO1} ${env.NO2}', 'description: "${env.A}"'), { env: { A: '${env.NO3}' } }), [
    `c.yaml:4:11: the environment variable NO1 is not set; ${HINT}`,
    `c.yaml:4:22: the environment variable NO2 is not set; ${HINT}`,
    `c.yaml:5:19: the environment variable NO3 is not set; ${HINT}`
  ])
})

t.test('one with newlines or null bytes is a problem', async (t) => {
  for (const value of ['a\nb', 'a\rb', 'a\0b']) {
    t.strictSame(await yamlProblems(yamlModel('name: ${env.A}'), { env: { A: value } }), ['c.yaml:4:11: the environment variable A contains newlines or null bytes, which cannot be put into YAML; give it a value of one line'])
  }
})

t.test('comments are not looked at', async (t) => {
  for (const line of ['name: n # ${env.NO}', '# ${env.NO}', 'name: n #${env.NO}', 'aliases: [x, # ${env.NO}\n      y]']) t.ok(await modelOf(yamlModel(line), { env: {} }), line)
  t.ok(await modelOf(`# \${env.NO}\n${yamlModel()}# \${env.NO}`, { env: {} }))
})

t.test('what only looks like a comment is', async (t) => {
  for (const text of [
    'models:\n  a:\n    cmd: |\n      # ${env.NO}\n      server ${PORT}\n',
    yamlModel('name: "# ${env.NO}"'),
    yamlModel("name: '# ${env.NO}'"),
    yamlModel('name: x#${env.NO}'),
    yamlModel('name: >', '  # ${env.NO}')
  ]) t.match(await yamlProblems(text, { env: {} }), [/the environment variable NO is not set/], text)
})

t.test('names are those of C; anything else is text', async (t) => {
  t.equal(await nameOf('"${env.1X} ${env.} ${env.A-B} ${ENV.A} ${env.A} $env.A"', { A: 'v' }), '${env.1X} ${env.} ${env.A-B} ${ENV.A} v $env.A')
})

t.test('it comes before YAML: in a text that is none the variable is told first', async (t) => {
  t.strictSame(await yamlProblems('models: [x\n  name: ${env.NO}', { env: {} }), [`c.yaml:2:9: the environment variable NO is not set; ${HINT}`])
})

t.test('positions are those of the file, whatever the values\' lengths', async (t) => {
  const env = { LONG: 'x'.repeat(100), SHORT: '' }
  t.strictSame(await yamlProblems('models: {"a${env.LONG}": {cmd: "${env.SHORT}x ${PORT}", ttl: z}}', { env }), [`c.yaml:1:57 models.a${'x'.repeat(100)}.ttl: must be an integer, not a string; such as "ttl: 600"`])
  t.strictSame(await yamlProblems(yamlModel('metadata: {a: "${env.LONG}", b: "${env.SHORT}", c: @}'), { env }), ['c.yaml:4:56: Plain value cannot start with reserved character @; quote it'])
  t.strictSame(await yamlWarnings(yamlModel('metadata: {a: "${env.LONG}"}', 'tlt: 1'), { env }), ['c.yaml:5:5 models.a.tlt: unknown key, ignored; did you mean ttl?'])
})

t.test('a value that breaks the YAML is told at the reference', async (t) => {
  t.match(await yamlProblems(yamlModel('name: x', 'aliases: [${env.A}]'), { env: { A: 'x] y' } }), [/^c\.yaml:5:15: /])
})

t.test('within an object nothing is replaced', async (t) => {
  t.strictSame(await problemsOf({ models: { a: { cmd: 'x ${PORT}', name: '${env.A}' } } }, { env: { A: 'v' } }), [
    'models.a.name: ${env.A} is not replaced here: only in the text of YAML files, and once in the value of a variable; put the value of A itself here'
  ])
})

t.test('the process\'s own environment is the default', async (t) => {
  process.env.FLS_CONFIG_TEST = 'v'
  t.teardown(() => { delete process.env.FLS_CONFIG_TEST })
  t.equal((await modelOf(yamlModel('name: ${env.FLS_CONFIG_TEST}'))).name, 'v')
  t.ok(fileOf(''))
})
