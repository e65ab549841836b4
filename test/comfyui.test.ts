import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'
import type { Setup, TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'

async function start (t: Test, setup: Setup = {}): Promise<TestApp & { server: EchoServer, get: (path: string, init?: RequestInit) => Promise<Response> }> {
  const server = await echoServer(t, 'comfy')
  const test = await startApp(t, { models: { comfyui_auto: modelAt(server.origin), other: modelAt(server.origin) } }, { routes: { upstream: true }, ...setup })
  return { ...test, server, get: (path, init) => fetch(`${test.url}${setup.prefix ?? ''}/comfyui${path}`, { redirect: 'manual', ...init }) }
}

t.test('only the page itself starts it; once it is ready, all goes through', async (t) => {
  const { app, get, server, states } = await start(t)
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":{}}' }
  for (const [path, more] of [['/x.js', {}], ['/ws', {}], ['/prompt', init], ['//', {}], ['/index.html?x=1', {}]] as const) {
    const response = await get(path, more)
    t.equal(response.status, 409, path)
    t.match(await response.json(), { src: 'llama-swap', error: { code: 'model_not_loaded', type: 'invalid_request_error', message: 'model comfyui_auto is not loaded; only /comfyui/ can start it' } }, path)
  }
  t.strictSame(states, [])
  t.equal((await get('/?x=%20')).status, 200)
  t.equal(server.seen.at(-1)!.url, '/?x=%20')
  for (const [path, more, sent] of [['/x.js', {}, '/x.js'], ['/a%2Fb/c%20d?q=%2f', {}, '/a%2Fb/c%20d?q=%2f'], ['/prompt', init, '/prompt']] as const) {
    t.equal((await get(path, more)).status, 200, path)
    t.match(server.seen.at(-1), { url: sent, body: 'body' in more ? more.body : '' }, path)
  }
  await app.llamaSwap.unload()
  t.equal((await get('/x.js')).status, 409)
})

t.test('while it starts, only the page waits', async (t) => {
  const { app, url } = await startApp(t, { models: { comfyui_auto: { cmd: upstreamCommand({ name: 'comfy', loadMs: 500 }) } } }, { routes: { upstream: true } })
  const page = fetch(`${url}/comfyui/`)
  await until(() => app.llamaSwap.status().models[0]!.state === 'starting')
  t.equal((await fetch(`${url}/comfyui/x.js`)).status, 409)
  t.equal((await page).headers.get('x-upstream'), 'comfy')
})

t.test('the bare path is redirected, with its query', async (t) => {
  for (const prefix of ['', '/llm']) {
    const { get } = await start(t, { prefix })
    for (const [method, path, status] of [['GET', '', 301], ['GET', '?x=1&y=%2f', 301], ['HEAD', '?x', 301], ['POST', '?x', 308], ['PUT', '', 308], ['DELETE', '', 308]] as const) {
      const response = await get(path, { method })
      t.strictSame([response.status, response.headers.get('location')], [status, `${prefix}/comfyui/${path}`], `${method} ${path}`)
    }
  }
})

t.test('without such a model of ours: 404, also where an alias or a peer has its name', async (t) => {
  const server = await echoServer(t)
  const { url } = await startApp(t, { models: { a: modelAt(server.origin, { aliases: ['comfyui_auto'] }) }, peers: { p: { proxy: server.origin, models: ['comfyui_auto'] } } }, { routes: { upstream: true } })
  for (const path of ['/comfyui/', '/comfyui/x']) {
    const response = await fetch(url + path)
    t.equal(response.status, 404)
    t.match(await response.json(), { error: { code: 'model_not_found', message: /"comfyui_auto"/ } })
  }
  t.equal(server.seen.length, 0)
})

t.test('where only inference paths are let through, none of its pages is', async (t) => {
  const { get, server, states } = await start(t, { routes: {} })
  for (const path of ['/', '/x']) {
    const response = await get(path)
    t.equal(response.status, 404)
    t.match(await response.json(), { error: { code: 'path_not_allowed' } })
  }
  t.equal(server.seen.length, 0)
  t.strictSame(states, [])
})

t.test('the host is asked, by the model\'s name', async (t) => {
  const asked: string[] = []
  const { get } = await start(t, { admit: (_request, { action, model }) => { asked.push(`${action} ${model}`); return false } })
  t.strictSame([(await get('/')).status, (await get('/x')).status], [403, 403])
  t.strictSame(asked, ['request comfyui_auto', 'request comfyui_auto'])
})
