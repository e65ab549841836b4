import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cliCommand, startCli } from './helper/cli.ts'

const WITHOUT_KEYS = 'listening beyond this machine without keys: whoever can connect can use the models and see their commands at /running'
// Fastify says that it listens before we do.
const STARTED = /listening at \S+ with (its|\d)/

t.test('listening for this machine only: no warning', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'models: {}\n' })
  for (const address of ['127.0.0.1:0', 'localhost:0', '127.0.0.2:0']) {
    const cli = startCli(t, ['--config', 'config.yaml', '--listen', address], { cwd })
    await cli.saw(STARTED)
    t.strictSame(cli.log.filter(({ level }) => level === 40), [], address)
  }
})

t.test('listening for others without keys: a warning, also in the demo', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'models: {}\n' })
  for (const args of [['--config', 'config.yaml'], []]) {
    const cli = startCli(t, [...args, '--listen', ':0'], { cwd })
    await cli.saw(/without keys/)
    t.match(cli.log.filter(({ level }) => level === 40), [{ msg: WITHOUT_KEYS }])
  }
})

t.test('a config that can be read only once', { skip: process.platform === 'win32' && 'no pipes in the file system' }, async (t) => {
  for (const [yaml, warnings] of [['models: {}', [{ msg: WITHOUT_KEYS }]], ['apiKeys: [k]', []]] as const) {
    const cli = startCli(t, [`exec ${cliCommand.map((word) => `'${word}'`).join(' ')} --listen :0 --config <(echo '${yaml}')`], { command: ['bash', '-c'] })
    await cli.saw(STARTED)
    t.match(cli.log.filter(({ level }) => level === 40), warnings)
    t.equal(cli.log.filter(({ level }) => level === 40).length, warnings.length, yaml)
  }
})

t.test('with keys: no warning, until a reload takes them away', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'apiKeys: [k]\nmodels: {}\n' })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', ':0'], { cwd })
  await cli.saw(STARTED)
  t.strictSame(cli.log.filter(({ level }) => level === 40), [])
  writeFileSync(join(cwd, 'config.yaml'), 'models: {}\n')
  cli.kill('SIGHUP')
  await cli.saw(/without keys/)
  t.match(cli.log.filter(({ level }) => level === 40), [{ msg: WITHOUT_KEYS }])
})
