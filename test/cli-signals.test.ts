import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamOptions, UpstreamStats } from 'fastify-llama-swap/testing'
import { isAlive, startPort, until } from './helper/app.ts'
import { chat, cliCommand, startCli } from './helper/cli.ts'
import type { Cli } from './helper/cli.ts'

/** The command with one loaded model, and the pid of its server. */
async function serve (t: Test, upstream: UpstreamOptions, options: Parameters<typeof startCli>[2] = {}): Promise<{ cli: Cli, url: string, server: number }> {
  const cwd = t.testdir({ 'config.yaml': `startPort: ${startPort()}\nunloadTimeout: 30\nmodels:\n  a:\n    cmd: ${JSON.stringify(upstreamCommand({ name: 'a', ...upstream }))}\n` })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], { cwd, ...options })
  const url = await cli.url()
  const { pid: server } = await (await fetch(`${url}/upstream/a/stats`)).json() as UpstreamStats
  t.equal(isAlive(server), true)
  return { cli, url, server }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}: streams end whole, new requests are refused, servers are stopped, exit code 0`, async (t) => {
    const { cli, url, server } = await serve(t, {})
    const stream = await chat(url, 'a', { stream: true, fault: { chunks: 50, chunkMs: 10 } })
    cli.kill(signal)
    await cli.saw(new RegExp(`${signal}: letting requests end`))
    t.equal((await chat(url, 'a')).status, 503)
    t.match(await stream.text(), /data: \[DONE\]\n\n$/)
    t.equal(await cli.exit, 0)
    t.notOk(isAlive(server))
  })
}

t.test('a second signal ends a server that ignores SIGTERM at once', async (t) => {
  const { cli, server } = await serve(t, { ignoreSigterm: true })
  cli.kill('SIGTERM')
  await cli.saw(/"to":"stopping"/)
  t.equal(isAlive(server), true)
  const startedAt = performance.now()
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
  t.ok(performance.now() - startedAt < 5000, 'not after the 30 s of grace')
  t.notOk(isAlive(server))
})

t.test('a second signal ends also streams, and loads', async (t) => {
  const { cli, url, server } = await serve(t, { ignoreSigterm: true })
  const stream = await chat(url, 'a', { stream: true, fault: { chunks: 1_000_000, chunkMs: 10 } })
  const text = stream.text().then(() => 'ended cleanly', () => 'cut')
  cli.kill('SIGINT')
  await cli.saw(/letting requests end/)
  const startedAt = performance.now()
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
  t.ok(performance.now() - startedAt < 5000, 'not after the drain timeout of 10 s')
  t.equal(await text, 'cut')
  t.notOk(isAlive(server))
})

t.test('idle: ends although a client keeps its connection', async (t) => {
  const { cli, url } = await serve(t, {})
  await (await fetch(`${url}/health`)).text()
  const startedAt = performance.now()
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
  t.ok(performance.now() - startedAt < 5000)
})

t.test('below npm', async (t) => {
  const env = { npm_lifecycle_event: 'start', npm_lifecycle_script: 'node dist/lib/cli/main.js' }

  t.test('the echo of a Ctrl-C is no second signal', async (t) => {
    const { cli, server } = await serve(t, { termDelayMs: 100 }, { env })
    cli.kill('SIGINT')
    await cli.saw(/letting requests end/)
    cli.kill('SIGINT')
    t.equal(await cli.exit, 0)
    t.notMatch(cli.stdout, /again: killing/)
    t.notOk(isAlive(server))
  })

  t.test('when npm\'s shell dies of a signal without passing it on, the gateway ends all the same', async (t) => {
    // The command after it keeps the shell from becoming the gateway.
    const { cli, server } = await serve(t, {}, { env, command: ['/bin/sh', '-c', '"$@"; exit', 'sh', ...cliCommand] })
    const gateway = cli.log.at(-1)!['pid'] as number
    t.not(gateway, cli.pid)
    cli.kill('SIGTERM')
    await cli.exit
    await until(() => !isAlive(gateway))
    t.match(cli.stdout, /npm is gone: letting requests end/)
    t.notOk(isAlive(server))
  })
})
