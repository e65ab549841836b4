import { spawnSync } from 'node:child_process'
import { renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamStats } from 'fastify-llama-swap/testing'
import { isAlive, startPort, until } from './helper/app.ts'
import { chat, cliCommand, running, startCli } from './helper/cli.ts'
import type { Cli } from './helper/cli.ts'

const port = startPort()

/** A config of models by name; each says its value. */
function yaml (models: Record<string, string>, more = ''): string {
  const lines = Object.entries(models).map(([id, name]) => `  ${id}:\n    cmd: ${JSON.stringify(upstreamCommand({ name }))}\n`)
  return `startPort: ${port}\n${more}\nmodels:\n${lines.join('')}`
}

const says = async (url: string, model: string): Promise<string> => (await (await chat(url, model)).json() as { upstream: { name: string } }).upstream.name

/** The command with a config file, and what writes that file. */
async function serve (t: Test, text: string, ...flags: string[]): Promise<{ cli: Cli, url: string, file: string, write (text: string): void }> {
  const cwd = t.testdir({ 'config.yaml': text })
  const file = join(cwd, 'config.yaml')
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0', ...flags], { cwd })
  return { cli, url: await cli.url(), file, write: (changed) => writeFileSync(file, changed) }
}

t.test('SIGHUP reads the config again: streams go on, what has changed is told', async (t) => {
  const { cli, url, write } = await serve(t, yaml({ b: 'b', c: 'old' }))
  const stream = await chat(url, 'b', { stream: true, fault: { chunks: 50, chunkMs: 10 } })
  write(yaml({ a: 'a', b: 'b', c: 'new' }, 'nonsense: 1'))
  cli.kill('SIGHUP')
  await cli.saw(/config reloaded: added a; changed c/)
  t.match(cli.log.find(({ msg }) => String(msg).startsWith('config reloaded')), { level: 30, added: ['a'], changed: ['c'], removed: [], updated: [], unchanged: ['b'] })
  await cli.saw(/nonsense: unknown key/)
  t.match(await stream.text(), /data: \[DONE\]\n\n$/)
  t.equal(await says(url, 'c'), 'new')
  t.equal(await says(url, 'a'), 'a')
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
})

t.test('a config with errors is told with its reason, and changes nothing', async (t) => {
  const { cli, url, write } = await serve(t, yaml({ a: 'a' }))
  const { pid } = await (await fetch(`${url}/upstream/a/stats`)).json() as UpstreamStats
  write('models:\n  a:\n    cmd: [no, string]\n')
  cli.kill('SIGHUP')
  await cli.saw(/config not reloaded, the one before stays: invalid config: config\.yaml:3:5 models\.a\.cmd/)
  t.match(cli.log.find(({ msg }) => String(msg).startsWith('config not')), { level: 50, err: undefined })
  t.equal((await (await fetch(`${url}/upstream/a/stats`)).json() as UpstreamStats).pid, pid)
  write(yaml({ a: 'a', b: 'b' }))
  cli.kill('SIGHUP')
  await cli.saw(/config reloaded: added b/)
  t.equal((await (await fetch(`${url}/upstream/a/stats`)).json() as UpstreamStats).pid, pid)
})

t.test('--watch-config: a file that is replaced, a bad config, then a good one', async (t) => {
  const { cli, url, file, write } = await serve(t, yaml({ a: 'first' }), '--watch-config')
  t.equal(await says(url, 'a'), 'first')
  writeFileSync(`${file}.tmp`, yaml({ a: 'second' }))
  renameSync(`${file}.tmp`, file)
  await cli.saw(/config reloaded: changed a/)
  t.equal(await says(url, 'a'), 'second')
  write('models: [')
  await cli.saw(/config not reloaded, the one before stays: invalid config: config\.yaml:1:/)
  t.equal(await says(url, 'a'), 'second')
  write(yaml({ a: 'second', b: 'b' }))
  await cli.saw(/config reloaded: added b/)
  t.equal(await says(url, 'b'), 'b')
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
})

t.test('--watch-config with --config-dir: files come and go', async (t) => {
  const cwd = t.testdir({ conf: { 'a.yaml': yaml({ a: 'a' }) } })
  const cli = startCli(t, ['--config-dir', 'conf', '-watch-config=true', '--listen', '127.0.0.1:0'], { cwd })
  const url = await cli.url()
  const { pid } = await (await fetch(`${url}/upstream/a/stats`)).json() as UpstreamStats
  writeFileSync(join(cwd, 'conf/b.yaml'), yaml({ b: 'b' }))
  await cli.saw(/config reloaded: added b/)
  writeFileSync(join(cwd, 'conf/c.yaml'), yaml({ b: 'again' }))
  await cli.saw(/config not reloaded, the one before stays: invalid config: conf\/c\.yaml/)
  unlinkSync(join(cwd, 'conf/c.yaml'))
  unlinkSync(join(cwd, 'conf/b.yaml'))
  await cli.saw(/config reloaded: removed b/)
  t.equal((await (await fetch(`${url}/upstream/a/stats`)).json() as UpstreamStats).pid, pid)
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
})

t.test('--strict holds for reloads too', async (t) => {
  const { cli, write } = await serve(t, yaml({ a: 'a' }), '--strict')
  write(yaml({ a: 'a', b: 'b' }, 'nonsense: 1'))
  cli.kill('SIGHUP')
  await cli.saw(/config not reloaded, the one before stays: invalid config: config\.yaml:2:1 nonsense: unknown key/)
})

t.test('without --watch-config nothing happens until SIGHUP', async (t) => {
  const { cli, write } = await serve(t, yaml({ a: 'a' }))
  write(yaml({ a: 'a', b: 'b' }))
  await new Promise((resolve) => setTimeout(resolve, 2000))
  t.notMatch(cli.stdout, /reloaded/)
  cli.kill('SIGHUP')
  await cli.saw(/config reloaded: added b/)
})

t.test('logLevel follows', async (t) => {
  const models = { a: { cmd: upstreamCommand({ name: 'a', say: 'hello from the server' }) } }
  const { cli, url, write } = await serve(t, JSON.stringify({ startPort: port, models }))
  write(JSON.stringify({ startPort: port, models, logLevel: 'debug' }))
  cli.kill('SIGHUP')
  await cli.saw(/config reloaded: no model has changed/)
  await chat(url, 'a')
  await cli.saw(/hello from the server/)
})

t.test('a config that came through a pipe cannot be read again, and stays', async (t) => {
  const cwd = t.testdir({ 'config.yaml': yaml({ a: 'a' }) })
  const command = ['/bin/sh', '-c', 'cat config.yaml | exec "$0" "$@"', ...cliCommand]
  const cli = startCli(t, ['--config', '/dev/stdin', '--listen', '127.0.0.1:0'], { cwd, command })
  const url = await cli.url()
  process.kill(cli.log[0]!['pid'] as number, 'SIGHUP')
  await cli.saw(/config not reloaded, the one before stays: invalid config: \/dev\/stdin: it is not a file, so it cannot be read a second time/)
  t.equal(await says(url, 'a'), 'a')
  process.kill(cli.log[0]!['pid'] as number, 'SIGTERM')
  await cli.exit
})

t.test('the demo has nothing to read again: SIGHUP ends it', async (t) => {
  const cli = startCli(t, ['--listen', '127.0.0.1:0'])
  await cli.url()
  cli.kill('SIGHUP')
  await cli.saw(/SIGHUP: letting requests end/)
  t.equal(await cli.exit, 0)
})

const noTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0 ? false : 'no `script` of util-linux to make a terminal with'

t.test('a terminal that is closed ends it; a SIGHUP in one that is there reloads', { skip: noTerminal }, async (t) => {
  const cwd = t.testdir({ 'config.yaml': yaml({ a: 'a' }) })
  const line = `echo pid $$; exec ${[...cliCommand, '--config', 'config.yaml', '--listen', '127.0.0.1:0'].map((word) => `'${word}'`).join(' ')}`
  const cli = startCli(t, ['-qec', line, '/dev/null'], { command: ['script'], cwd })
  const gateway = Number((await cli.saw(/pid (\d+)/))[1])
  const { pid: server } = await (await fetch(`${await cli.url()}/upstream/a/stats`)).json() as UpstreamStats
  process.kill(gateway, 'SIGHUP')
  await cli.saw(/config reloaded: no model has changed/)
  t.equal(Object.keys(await running(await cli.url())).length, 1)
  cli.kill('SIGKILL')
  await cli.exit
  await until(() => !isAlive(gateway) && !isAlive(server))
  t.pass('gateway and server are gone')
})
