import t from 'tap'
import { parse } from 'yaml'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startCli } from './helper/cli.ts'

const models = `models:\n  a:\n    cmd: ${JSON.stringify(upstreamCommand({ name: 'a' }))}\n`

t.test('--check: exit code 0, warnings on stderr; nothing is started', async (t) => {
  const cwd = t.testdir({ 'config.yaml': `nonsense: 1\n${models}` })
  // A taken port would not matter.
  const cli = startCli(t, ['--config', 'config.yaml', '--check', '--listen', '127.0.0.1:1'], { cwd })
  t.equal(await cli.exit, 0)
  t.match(cli.stderr, /^warning: config\.yaml:1:1 nonsense: unknown key.*\n$/)
  t.equal(cli.stdout, 'config.yaml: no errors, 1 model\n')
})

t.test('--check: errors on stderr, all of them, exit code 1', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'models:\n  a:\n    cmd: [no, string]\n    ttl: soon\n' })
  const cli = startCli(t, ['--config', 'config.yaml', '-check'], { cwd })
  t.equal(await cli.exit, 1)
  t.match(cli.stderr, /^fastify-llama-swap: invalid config:\n {2}config\.yaml:3:5 models\.a\.cmd: .*\n {2}config\.yaml:4:5 models\.a\.ttl: .*\n$/)
  t.equal(cli.stdout, '')
})

t.test('--check: also the other flags', async (t) => {
  const cwd = t.testdir({ 'config.yaml': models })
  const cli = startCli(t, ['--config', 'config.yaml', '--check', '--listen', 'nowhere'], { cwd })
  t.equal(await cli.exit, 1)
  t.match(cli.stderr, /^fastify-llama-swap: cannot listen on "nowhere"/)
})

t.test('--strict: what would be a warning is an error', async (t) => {
  const cwd = t.testdir({ 'config.yaml': `helthCheckTimeout: 60\n${models}` })
  for (const more of [['--check'], []]) {
    const cli = startCli(t, ['--config', 'config.yaml', '--strict', ...more], { cwd })
    t.equal(await cli.exit, 1)
    t.match(cli.stderr, /^fastify-llama-swap: invalid config: config\.yaml:1:1 helthCheckTimeout: unknown key.*healthCheckTimeout.*\n$/)
  }
})

t.test('--print: the config as it is understood, without its secrets; nothing else on stdout', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'nonsense: 1\nmodels:\n  a:\n    cmd: server --port ${PORT} --api-key ${env.SECRET_TOKEN}\n    env: ["HF_TOKEN=hunter22"]\n' })
  const cli = startCli(t, ['--config', 'config.yaml', '--print'], { cwd, env: { SECRET_TOKEN: 'hunter11' } })
  t.equal(await cli.exit, 0)
  t.match(cli.stderr, /^warning: config\.yaml:1:1 nonsense/)
  t.notMatch(cli.stdout + cli.stderr, /hunter/)
  t.match(parse(cli.stdout), { models: { a: { cmd: ['server', '--port', '${PORT}', '--api-key', '***'], ttl: 0, healthCheckTimeout: 120 } }, logLevel: 'info' })
})

t.test('--config-dir: the files of a directory, and one beside them', async (t) => {
  const cwd = t.testdir({ 'main.yaml': 'logLevel: warn\n', conf: { '1.yaml': models, '2.yml': models.replace('  a:', '  b:'), 'notes.txt': 'no: [' }, double: { '1.yaml': models, '2.yaml': models } })
  const one = startCli(t, ['-config-dir', 'conf', '-check'], { cwd })
  t.equal(await one.exit, 0)
  t.equal(one.stdout, 'conf: no errors, 2 models\n')
  const both = startCli(t, ['-config-dir', 'conf', '-config', 'main.yaml', '-print'], { cwd })
  t.equal(await both.exit, 0)
  t.match(parse(both.stdout), { models: { a: {}, b: {} }, logLevel: 'warn' })
  const twice = startCli(t, ['-config-dir', 'conf', '-config', 'conf/1.yaml', '-check'], { cwd })
  t.equal(await twice.exit, 1)
  t.match(twice.stderr, /conf\/1\.yaml: it is named twice/)
  const double = startCli(t, ['-config-dir', 'double', '-check'], { cwd })
  t.equal(await double.exit, 1)
  t.match(double.stderr, /double\/2\.yaml:2:3 models\.a: /)
})
