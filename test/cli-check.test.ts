import t from 'tap'
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
