import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { isLoopback, parseAddress, urlOf } from '../lib/cli/address.ts'
import { parseFlags } from '../lib/cli/flags.ts'
import { startPort, until } from './helper/app.ts'
import { chat, running, startCli } from './helper/cli.ts'
import { startStandalone } from './helper/standalone.ts'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** A config file with one model; returns its name and folder. */
function configFile (t: Test, more = ''): { cwd: string } {
  return {
    cwd: t.testdir({
      'config.yaml': `
startPort: ${startPort()}
${more}
models:
  a:
    cmd: |
      # a comment
      ${upstreamCommand({ name: 'a', say: 'hello from the server' })}
`
    })
  }
}

/** Occupies a port of the system's choice. */
async function takePort (): Promise<{ port: number, free: () => void }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, free: () => { server.close() } }
}

/** A port that was free a moment ago. */
async function freePort (): Promise<number> {
  const { port, free } = await takePort()
  free()
  return port
}

t.test('--version, --help', async (t) => {
  const version = startCli(t, ['-version'])
  const help = startCli(t, ['--help'])
  t.equal(await version.exit, 0)
  t.equal(version.stdout, `fastify-llama-swap ${manifest.version}\n`)
  t.equal(await help.exit, 0)
  for (const name of ['--config FILE', '--watch-config', '--tls-cert-file FILE', '--help']) t.ok(help.stdout.includes(name), `tells of ${name}`)
})

t.test('flags, with one dash or two', async (t) => {
  const none = { config: [], strict: false, listen: '127.0.0.1:8080', tls: undefined, allowedHosts: [], watch: false, check: false, print: false, version: false, help: false }
  t.strictSame(parseFlags([]), none)
  for (const args of [['--config', 'x.yaml'], ['-config', 'x.yaml'], ['--config=x.yaml'], ['-config=x.yaml'], ['-config', 'y', '-config', 'x.yaml']]) t.strictSame(parseFlags(args), { ...none, config: ['x.yaml'] })
  t.strictSame(parseFlags(['-listen=:1', '-config', 'a=b']), { ...none, listen: ':1', config: ['a=b'] })
  t.strictSame(parseFlags(['-config-dir', 'd', '-config', 'x.yaml']), { ...none, config: ['x.yaml', 'd'] })
  t.strictSame(parseFlags(['-tls-cert-file', 'c', '--tls-key-file=k']), { ...none, tls: { cert: 'c', key: 'k' }, listen: '127.0.0.1:8443' })
  t.strictSame(parseFlags(['-tls-cert-file', 'c', '--tls-key-file=k', '-listen', ':1']), { ...none, tls: { cert: 'c', key: 'k' }, listen: ':1' })
  t.strictSame(parseFlags(['-config=-x', '-strict', '-watch-config', '-check']), { ...none, config: ['-x'], strict: true, watch: true, check: true })
  t.strictSame(parseFlags(['-config-dir', 'd', '--print']), { ...none, config: ['d'], check: true, print: true })
  // As Go's flags have them.
  for (const yes of ['true', '1', 'T']) t.strictSame(parseFlags(['-config=x', `-watch-config=${yes}`]), { ...none, config: ['x'], watch: true })
  for (const no of ['false', '0', 'F']) t.strictSame(parseFlags([`-watch-config=${no}`]), none)
  for (const flag of ['--help', '-help', '-h']) t.strictSame(parseFlags([flag]), { ...none, help: true })
  for (const flag of ['--version', '-version']) t.strictSame(parseFlags([flag, '-watch-config']), { ...none, watch: true, version: true })
})

t.test('a command line that cannot be read', async (t) => {
  const pair = '--tls-cert-file and --tls-key-file go together: give both, or neither'
  const wrong: Array<[args: string[], message: string]> = [
    [['--nope'], 'unknown flag --nope'],
    [['-nope=1'], 'unknown flag --nope'],
    [['-n'], 'unknown flag -n'],
    [['--toString'], 'unknown flag --toString'],
    [['--watch'], 'unknown flag --watch: did you mean --watch-config?'],
    [['-confg', 'x'], 'unknown flag --confg: did you mean --config?'],
    [['--tls-cert', 'x'], 'unknown flag --tls-cert: did you mean --tls-cert-file?'],
    [['config.yaml'], 'unexpected argument "config.yaml": a config is named with --config FILE'],
    [['--config'], '--config needs a value'],
    [['--config='], '--config needs a value'],
    [['--config', '--listen', ':1'], '--config needs a value'],
    [['--version=2'], '--version is true or false, and has no other value'],
    [['-watch-config=yes'], '--watch-config is true or false, and has no other value'],
    [['--tls-cert-file', 'c'], pair],
    [['--tls-key-file', 'k'], pair],
    [['--watch-config'], '--watch-config needs a config: name one with --config FILE or --config-dir DIR'],
    [['--check'], '--check needs a config: name one with --config FILE or --config-dir DIR'],
    [['--print'], '--print needs a config: name one with --config FILE or --config-dir DIR'],
    [['--strict'], '--strict needs a config: name one with --config FILE or --config-dir DIR']
  ]
  for (const [args, message] of wrong) t.throws(() => parseFlags(args), { message: `${message} (--help lists the flags)` }, args.join(' '))
  t.throws(() => parseAddress('8080'), { message: 'cannot listen on "8080": write host:port, such as 127.0.0.1:8080, [::1]:8080, or :8080 for all interfaces (--help lists the flags)' })
  const cli = startCli(t, ['-watch'])
  t.equal(await cli.exit, 1)
  t.equal(cli.stderr, 'fastify-llama-swap: unknown flag --watch: did you mean --watch-config? (--help lists the flags)\n', 'one line, no stack')
  t.equal(cli.stdout, '')
})

t.test('a config with errors: all of them with their positions, exit code 1, no stack', async (t) => {
  const cwd = t.testdir({ 'bad.yaml': 'models:\n  a:\n    cmd: [no, string]\n    ttl: soon\n', 'syntax.yaml': 'models:\n  a: {cmd: x\n' })
  const bad = startCli(t, ['--config', 'bad.yaml'], { cwd })
  t.equal(await bad.exit, 1)
  t.match(bad.stderr, /^fastify-llama-swap: invalid config:\n {2}bad\.yaml:3:5 models\.a\.cmd: .*\n {2}bad\.yaml:4:5 models\.a\.ttl: .*\n$/)
  const syntax = startCli(t, ['--config', 'syntax.yaml'], { cwd })
  t.equal(await syntax.exit, 1)
  t.match(syntax.stderr, /^fastify-llama-swap: invalid config: syntax\.yaml:\d+:\d+: .*\n$/)
  const missing = startCli(t, ['--config', 'missing.yaml'], { cwd })
  t.equal(await missing.exit, 1)
  t.equal(missing.stderr, 'fastify-llama-swap: invalid config: missing.yaml: there is no such file or directory; check the path\n')
})

t.test('flags with one dash, a YAML config; JSON lines without a terminal', async (t) => {
  const cli = startCli(t, ['-config', 'config.yaml', '-listen=127.0.0.1:0'], configFile(t, 'performance: {}'))
  const url = await cli.url()
  t.match(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
  t.match(await (await chat(url, 'a')).json(), { upstream: { name: 'a' } })
  t.match(await running(url), { a: { state: 'ready' } }, 'admin routes are on')
  t.equal(await (await fetch(`${url}/health`)).text(), 'OK')
  t.equal((await fetch(`${url}/upstream/a/stats`)).status, 200, 'any upstream path is let through')
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
  t.equal(cli.stderr, '')
  t.match(cli.log.find(({ level }) => level === 40), { msg: /config\.yaml:3:1 performance: has no effect yet$/ })
  t.match(cli.log.filter(({ model, durationMs }) => model === 'a' && durationMs !== undefined), [
    { level: 30, from: 'stopped', to: 'starting', cause: 'request', durationMs: Number },
    { from: 'starting', to: 'ready', cause: 'request' },
    { from: 'ready', to: 'stopping', cause: 'close' },
    { from: 'stopping', to: 'stopped', cause: 'close' },
    { from: 'stopped', to: 'shutdown', cause: 'close' }
  ])
  t.notOk(cli.stdout.includes('hello from the server'), 'what servers print is for logLevel debug')
})

t.test('logLevel of the config', async (t) => {
  t.test('debug: also what servers print', async (t) => {
    const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], configFile(t, 'logLevel: debug'))
    await chat(await cli.url(), 'a')
    await cli.saw(/hello from the server/)
    t.match(cli.log.find(({ stream }) => stream === 'stderr'), { level: 20, model: 'a', msg: 'a: hello from the server' })
  })

  t.test('warn: no info lines', async (t) => {
    const port = await freePort()
    const cli = startCli(t, ['--config', 'config.yaml', '--listen', `127.0.0.1:${port}`], configFile(t, 'logLevel: warn\nperformance: {}'))
    await until(() => fetch(`http://127.0.0.1:${port}/health`).then(({ ok }) => ok, () => false))
    cli.kill('SIGTERM')
    t.equal(await cli.exit, 0)
    t.match(cli.log, [{ level: 40, msg: /no effect yet/ }])
    t.equal(cli.log.length, 1)
  })
})

t.test('a server that cannot start is told with what it printed; its client is not told that', async (t) => {
  const cwd = t.testdir({ 'config.yaml': `startPort: ${startPort()}\nmodels:\n  broken:\n    cmd: ${JSON.stringify(upstreamCommand({ exitCode: 7, say: 'no such file' }))}\n` })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], { cwd })
  const response = await chat(await cli.url(), 'broken')
  t.equal(response.status, 502)
  t.notMatch(await response.text(), 'no such file')
  await cli.saw(/"to":"stopped"/)
  t.match(cli.log.find(({ from, to }) => from === 'starting' && to === 'stopping'), { level: 40, cause: 'failure', error: /could not be started/, detail: /code 7[^]*no such file/ })
})

t.test('its servers get its environment, without a list of names', async (t) => {
  process.env.FLS_CLI_TEST = 'handed on'
  t.teardown(() => { delete process.env.FLS_CLI_TEST })
  const { app } = await startStandalone(t, { config: { models: { a: { cmd: 'sh -c "echo $FLS_CLI_TEST; exec sleep 600"', proxy: 'http://127.0.0.1:1', checkEndpoint: 'none' } } } })
  await app.llamaSwap.load('a')
  await until(() => app.llamaSwap.status().models[0]!.lastLines.includes('handed on'))
  t.strictSame(app.llamaSwap.status().models[0]!.lastLines, ['handed on'])
})

t.test('a taken port: with a config an error, in the demo the next free one', async (t) => {
  const { port, free } = await takePort()
  t.teardown(free)
  const own = startCli(t, ['--config', 'config.yaml', '--listen', `127.0.0.1:${port}`], configFile(t))
  t.equal(await own.exit, 1)
  t.equal(own.stderr, `fastify-llama-swap: cannot listen on 127.0.0.1:${port}: the port is taken; choose another with --listen\n`)
  const demo = startCli(t, ['--listen', `127.0.0.1:${port}`])
  const url = await demo.url()
  const got = Number(new URL(url).port)
  t.ok(got > port && got <= port + 100, `${got} instead of ${port}`)
  await demo.saw(/instead/)
  t.match(demo.log.find(({ level }) => level === 40), { msg: `port ${port} is taken; listening on ${got} instead` })
  await demo.saw(/curl -N /)
  t.equal(demo.stderr.split(url).length - 1, 4, 'the greeting has the real address')
  t.equal((await fetch(`${url}/v1/models`)).status, 200)
})

t.test('an address of another machine, a host that does not exist', async (t) => {
  // 192.0.2.0/24 is for documentation: nobody has it.
  const foreign = startCli(t, ['--listen', '192.0.2.1:0'])
  t.equal(await foreign.exit, 1)
  t.equal(foreign.stderr, 'fastify-llama-swap: cannot listen on 192.0.2.1:0: it is not an address of this machine\n')
  const unknown = startCli(t, ['--listen', 'host.invalid:0'])
  t.equal(await unknown.exit, 1)
  t.match(unknown.stderr, /^fastify-llama-swap: cannot listen on host\.invalid:0: there is no such host\n$/)
})

t.test('listening beyond this machine: works, with a warning', async (t) => {
  for (const address of [':0', '0.0.0.0:0']) {
    t.test(address, async (t) => {
      const cli = startCli(t, ['--config', 'config.yaml', '--listen', address], configFile(t))
      await cli.saw(/without keys/)
      const [, port] = await cli.saw(/listening at http:\/\/localhost:(\d+)/)
      const foreign = Object.values(networkInterfaces()).flat().find((entry) => entry?.family === 'IPv4' && !entry.internal)
      t.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200)
      if (foreign !== undefined) t.equal((await fetch(`http://${foreign.address}:${port}/health`)).status, 200)
      t.match(cli.log.find(({ level }) => level === 40), { msg: /without keys/ })
    })
  }
})

t.test('addresses', async (t) => {
  t.strictSame(parseAddress('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 })
  t.strictSame(parseAddress('[::1]:0'), { host: '::1', port: 0 })
  t.strictSame(parseAddress(':65535'), { host: undefined, port: 65535 })
  for (const text of ['', '8080', 'host', 'host:', ':65536', '::1:80', '[::1]', '[nope]:80', 'host:80:80', 'host:x']) t.throws(() => parseAddress(text), text)
  for (const text of ['127.0.0.1:1', '127.9.9.9:1', 'localhost:1', '[::1]:1']) t.equal(isLoopback(parseAddress(text)), true, text)
  for (const text of [':1', '0.0.0.0:1', '[::]:1', '192.0.2.1:1', '127.example.com:1']) t.equal(isLoopback(parseAddress(text)), false, text)
  t.equal(urlOf(parseAddress('[::1]:80')), 'http://[::1]:80')
  t.equal(urlOf(parseAddress(':80')), 'http://localhost:80')
  t.equal(urlOf(parseAddress('[::1]:80'), true), 'https://[::1]:80')
  t.equal(urlOf(parseAddress('[::]:80')), 'http://localhost:80')
})
