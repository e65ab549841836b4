import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { cliCommand, startCli } from './helper/cli.ts'

const WITHOUT_KEYS = 'listening beyond this machine without keys: whoever can connect can use the models and see their commands at /running'
// Fastify says that it listens before we do.
const STARTED = /listening at \S+ with (its|\d)/
const keysAreRefused = await loadConfig({ apiKeys: ['k'], models: {} }).then(() => false as const, () => 'keys are refused as yet')

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

t.test('a config that can be read only once: whether it has keys cannot be told', { skip: process.platform === 'win32' && 'no pipes in the file system' }, async (t) => {
  const cli = startCli(t, [`exec ${cliCommand.map((word) => `'${word}'`).join(' ')} --listen :0 --config <(echo 'models: {}')`], { command: ['bash', '-c'] })
  await cli.saw(STARTED)
  t.match(cli.log.filter(({ level }) => level === 40), [{ msg: /^listening beyond this machine: unless the config has apiKeys, whoever can connect/ }])
})

t.test('with keys: no warning, until a reload takes them away', { skip: keysAreRefused }, async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'apiKeys: [k]\nmodels: {}\n' })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', ':0'], { cwd })
  await cli.saw(STARTED)
  t.strictSame(cli.log.filter(({ level }) => level === 40), [])
  writeFileSync(join(cwd, 'config.yaml'), 'models: {}\n')
  cli.kill('SIGHUP')
  await cli.saw(/without keys/)
  t.match(cli.log.filter(({ level }) => level === 40), [{ msg: WITHOUT_KEYS }])
})
