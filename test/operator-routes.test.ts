// What the admin routes show and do.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { isAlive, startApp, until } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'

const routes = { admin: true, compat: true, upstream: true } as const
const everything = { all: { swap: false, members: ['a', 'org/b', 'with space'] } }

t.test('/running: every server that is not stopped, and by which command', async (t) => {
  const server = await echoServer(t)
  const { app, url, chat } = await startApp(t, {
    models: {
      a: { cmd: upstreamCommand({ name: 'a' }), ttl: 60, name: ' Model A ', description: 'the first', env: ['MY_SECRET=s3cret-value'], aliases: ['alias'] },
      'org/b': modelAt(`${server.origin}/base/`),
      'with space': { cmd: upstreamCommand({ loadMs: 60_000 }) }
    },
    groups: everything
  }, { routes })
  const running = async (): Promise<Array<Record<string, unknown>>> => {
    const response = await fetch(`${url}/running`)
    t.match(response.headers.get('content-type'), /^application\/json/)
    return (await response.json() as { running: Array<Record<string, unknown>> }).running
  }
  t.strictSame(await running(), [])
  await app.llamaSwap.load('org/b')
  await (await chat('alias')).text()
  const loading = app.llamaSwap.load('with space').catch(() => {})
  await until(() => app.llamaSwap.status().models[2]!.state === 'starting')
  const [a, b, c, ...more] = await running()
  t.strictSame(more, [])
  t.strictSame(Object.keys(a!), ['model', 'state', 'cmd', 'proxy', 'ttl', 'name', 'description'])
  const port = new URL(a!['proxy'] as string).port
  t.match(a, { model: 'a', state: 'ready', cmd: new RegExp(`--port ${port}( |$)`), proxy: `http://localhost:${port}`, ttl: 60, name: 'Model A', description: 'the first' })
  t.strictSame(b, { model: 'org/b', state: 'ready', cmd: 'sleep 600', proxy: `${server.origin}/base`, ttl: 0, name: '', description: '' })
  t.match(c, { model: 'with space', state: 'starting' })
  t.notMatch(JSON.stringify([a, b, c]), /s3cret/)
  await app.llamaSwap.unload(undefined, { force: true })
  await loading
  t.strictSame(await running(), [])
})

t.test('/running: what a reload has replaced, until it is gone', async (t) => {
  const { app, url, chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'one' }) } } }, { routes })
  const stream = await chat('a', { stream: true, fault: { chunks: 1_000_000 } })
  await app.llamaSwap.reload({ models: { a: { cmd: upstreamCommand({ name: 'two' }) } } })
  t.match(await (await fetch(`${url}/running`)).json(), { running: [{ model: 'a', state: 'ready', cmd: /--name=one/ }] })
  await stream.body!.cancel()
})

t.test('unloading all, by either route: at once, those that serve requests too; answered when all are stopped', async (t) => {
  for (const [method, path, answer, type] of [
    ['POST', '/api/models/unload', '{"msg":"ok"}', /^application\/json/], ['GET', '/unload', 'OK', /^text\/plain/]
  ] as const) {
    const { app, url, chat, pids } = await startApp(t, {
      models: { a: { cmd: upstreamCommand({ name: 'a' }) }, 'org/b': { cmd: upstreamCommand({ termDelayMs: 300 }), unloadTimeout: 5 }, 'with space': { cmd: upstreamCommand({ loadMs: 60_000 }) } },
      groups: everything
    }, { routes })
    await app.llamaSwap.load('org/b')
    const stream = await chat('a', { stream: true, fault: { chunks: 1_000_000 } })
    const waiting = chat('with space')
    await until(() => app.llamaSwap.status().models[2]!.state === 'starting')
    const response = await fetch(url + path, { method })
    t.equal(response.status, 200, path)
    t.match(response.headers.get('content-type'), type, path)
    t.equal(await response.text(), answer, path)
    t.ok(app.llamaSwap.status().models.every(({ state }) => state === 'stopped'), path)
    for (const pid of pids) t.notOk(isAlive(pid), `${path} ${pid}`)
    await t.rejects(stream.text(), path)
    const unloaded = await waiting
    t.equal(unloaded.status, 503, path)
    t.ok(unloaded.headers.get('retry-after'))
    t.match(await unloaded.json(), { error: { code: 'unloaded' } })
    t.equal((await fetch(url + path, { method })).status, 200, `${path}, when there is nothing to stop`)
    t.match(await (await chat('a')).json(), { upstream: { name: 'a' } }, 'and it starts again')
  }
})

t.test('unloading one, by its id or an alias', async (t) => {
  const server = await echoServer(t)
  const { app, url } = await startApp(t, {
    models: { a: modelAt(server.origin, { aliases: ['alias', 'org/alias'], filters: { setParamsByID: { 'a:high': {} } } }), 'org/b': modelAt(server.origin), 'with space': modelAt(server.origin) },
    groups: everything,
    peers: { p: { proxy: server.origin, models: ['remote'] } },
    selectors: { s: { strategy: 'pin', targets: ['a'] } }
  }, { routes })
  const unload = async (name: string): Promise<unknown> => {
    const response = await fetch(`${url}/api/models/unload/${name}`, { method: 'POST' })
    return response.status === 200 ? await response.text() : [response.status, (await response.json() as { error: { code: string } }).error.code]
  }
  const states = (): string[] => app.llamaSwap.status().models.map(({ state }) => state)
  for (const [name, index] of [['a', 0], ['alias', 0], ['org/alias', 0], ['org%2Falias', 0], ['a:high', 0], ['org/b', 1], ['org%2Fb', 1], ['with%20space', 2]] as const) {
    await Promise.all(['a', 'org/b', 'with space'].map((model) => app.llamaSwap.load(model)))
    t.equal(await unload(name), 'OK', name)
    t.strictSame(states(), ['ready', 'ready', 'ready'].with(index, 'stopped'), name)
  }
  t.equal(await unload('with%20space'), 'OK', 'one that is stopped')
  for (const name of ['nope', 'org', 'org/b/', 'A', '', 's', 'b', 'a/x']) t.strictSame(await unload(name), [404, 'model_not_found'], name)
  for (const name of ['remote', 'p/remote']) t.strictSame(await unload(name), [404, 'model_remote'], name)
  t.strictSame(states(), ['ready', 'ready', 'stopped'])
})

t.test('/api/version, with llama-swap\'s fields', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  const { url } = await startApp(t, {}, { routes })
  t.strictSame(await (await fetch(`${url}/api/version`)).json(), { version, commit: 'unknown', build_date: 'unknown' })
})

t.test('none of it is there by default, nor what changes something by GET with the rest', async (t) => {
  const paths = ['/running', '/api/profiles', '/api/version', '/unload', '/health', '/wol-health']
  const statuses = async (setup: object): Promise<number[]> => {
    const { url } = await startApp(t, {}, setup)
    return Promise.all(paths.map(async (path) => (await fetch(url + path)).status))
  }
  t.strictSame(await statuses({}), [404, 404, 404, 404, 404, 404])
  t.strictSame(await statuses({ routes: { admin: true } }), [200, 200, 200, 404, 404, 404])
  t.strictSame(await statuses({ routes: { compat: true, health: true } }), [404, 404, 404, 200, 200, 200])
  const { url } = await startApp(t, {}, { routes: { admin: true } })
  for (const path of ['/api/models/unload', '/api/models/unload/a']) t.equal((await fetch(url + path)).status, 404, `GET ${path}`)
})

t.test('/health says OK while a model loads, and while the app drains', async (t) => {
  const { app, url } = await startApp(t, { models: { a: { cmd: upstreamCommand({ neverReady: true }) } } }, { routes: { health: true } })
  const loading = app.llamaSwap.load('a').catch(() => {})
  await until(() => app.llamaSwap.status().models[0]!.state === 'starting')
  for (const path of ['/health', '/wol-health', '/health?x=1']) t.equal(await (await fetch(url + path)).text(), 'OK', path)
  await app.llamaSwap.unload('a', { force: true })
  await loading
  await app.llamaSwap.drain()
  t.equal(await (await fetch(`${url}/health`)).text(), 'OK')
})
