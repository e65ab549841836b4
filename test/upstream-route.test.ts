import net from 'node:net'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp } from './helper/app.ts'

const models = { 'org/a': { cmd: upstreamCommand({ name: 'org/a' }) }, a: { cmd: upstreamCommand({ name: 'a' }), aliases: ['alias'] } }

/** Sends a request target exactly as given; fetch would tidy it. Resolves with the status line and body. */
function raw (url: string, target: string): Promise<{ status: number, body: string }> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`))
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString()
      resolve({ status: Number(text.split(' ', 2)[1]), body: text })
    })
  })
}

t.test('by default only the paths of the inference routes are let through', async (t) => {
  const { url } = await startApp(t, { models })
  const ok = await fetch(`${url}/upstream/a/v1/chat/completions`, { method: 'POST', body: '{"messages":[]}', headers: { 'content-type': 'application/json' } })
  t.match(await ok.json(), { upstream: { name: 'a' } })
  const refused = await fetch(`${url}/upstream/a/slots`)
  t.equal(refused.status, 404)
  t.match(await refused.json(), { error: { code: 'path_not_allowed', message: /\/slots/ } })
})

t.test('any path, method, query and body pass unchanged where that is on', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const body = method === 'GET' ? null : Buffer.from([0, 255, 1])
    const seen = await (await fetch(`${url}/upstream/alias/echo/a%2Fb%20c//d?x=%20y&z`, { method, body, headers: { 'content-type': 'application/octet-stream' } })).json()
    t.match(seen, { method, url: '/echo/a%2Fb%20c//d?x=%20y&z', bodyBase64: body?.toString('base64') ?? '' }, method)
  }
  const bare = await (await fetch(`${url}/upstream/a/echo/x`, { method: 'POST' })).json() as { headers: object }
  t.notHas(bare.headers, { 'content-type': String })
  const head = await fetch(`${url}/upstream/a/echo/x`, { method: 'HEAD' })
  t.equal(head.status, 200)
})

t.test('the longest name wins; an encoded slash in a name is one', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  t.match(await (await fetch(`${url}/upstream/org/a/echo/x`)).json(), { upstream: { name: 'org/a' } })
  t.match(await (await fetch(`${url}/upstream/org%2Fa/echo/x`)).json(), { upstream: { name: 'org/a' } })
  const unknown = await fetch(`${url}/upstream/org/echo`)
  t.equal(unknown.status, 404)
  t.match(await unknown.json(), { error: { code: 'model_not_found' } })
})

t.test('paths that could be read in two ways are refused', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  for (const path of ['/echo/../stats', '/echo/%2e%2e/stats', '/echo/%2E./stats', '/echo\\..\\stats', '/echo/%5c..', '/echo/%00', '/echo/.', '/%zz']) {
    const { status, body } = await raw(url, `/upstream/a${path}`)
    t.equal(status, 400, `${path}: ${body.slice(0, 60)}`)
  }
  t.match((await raw(url, '/upstream/a//evil.example/echo')).body, /"url":"\/\/evil\.example\/echo"|404/)
})

t.test('hop-by-hop headers are not passed on, in either direction', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  const answer = await new Promise<string>((resolve) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(
      'GET /upstream/a/echo/x HTTP/1.1\r\nHost: h\r\nConnection: close, x-named\r\nX-Named: 1\r\nKeep-Alive: timeout=1\r\nTE: trailers\r\nTrailer: x\r\n' +
      'Proxy-Authorization: y\r\nProxy-Connection: keep-alive\r\nHTTP2-Settings: z\r\nX-Kept: 1\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk) => { text += chunk.toString() })
    socket.on('close', () => resolve(text))
  })
  t.match(answer, /"x-kept":"1"/)
  for (const name of ['x-named', 'keep-alive', 'te', 'trailer', 'proxy-authorization', 'proxy-connection', 'http2-settings']) {
    t.notMatch(answer.slice(answer.indexOf('"headers"'), answer.indexOf('"rawHeaders"')), new RegExp(`"${name}":`, 'i'), name)
  }
})

t.test('a name without a slash behind it is redirected, for relative links', async (t) => {
  const { url } = await startApp(t, { models: { ...models, 'with space': models['org/a'] } }, { routes: { upstream: true } })
  const cases: Array<[method: string, target: string, status: number, location?: string]> = [
    ['GET', '/upstream/a', 301, '/upstream/a/'],
    ['HEAD', '/upstream/a', 301, '/upstream/a/'],
    ['GET', '/upstream/alias?x=%20&y', 301, '/upstream/alias/?x=%20&y'],
    ['GET', '/upstream/org/a', 301, '/upstream/org/a/'],
    ['GET', '/upstream/org%2Fa?x', 301, '/upstream/org%2Fa/?x'],
    ['GET', '/upstream/with%20space', 301, '/upstream/with%20space/'],
    ['POST', '/upstream/a?x=1', 308, '/upstream/a/?x=1'],
    ['PUT', '/upstream/a', 308, '/upstream/a/'],
    ['PATCH', '/upstream/a', 308, '/upstream/a/'],
    ['DELETE', '/upstream/a', 308, '/upstream/a/'],
    ['GET', '/upstream/nope', 404],
    ['GET', '/upstream/', 404],
    ['GET', '/upstream/org', 404],
    ['POST', '/upstream/nope?x', 404]
  ]
  for (const [method, target, status, location] of cases) {
    const response = await fetch(url + target, { method, redirect: 'manual', ...(method === 'POST' && { body: '{}' }) })
    t.strictSame([response.status, response.headers.get('location')], [status, location ?? null], `${method} ${target}`)
    await response.arrayBuffer()
  }
})

t.test('the longest name counts, and what follows it is sent as it is', async (t) => {
  const { url } = await startApp(t, {
    models: { a: { cmd: upstreamCommand({ name: 'a' }), aliases: ['a/b'] }, 'a/b/c': { cmd: upstreamCommand({ name: 'a/b/c' }) } }
  }, { routes: { upstream: true } })
  for (const [path, name, sent] of [
    ['a/echo/x', 'a', '/echo/x'], ['a/b/echo/x', 'a', '/echo/x'], ['a/b/c/echo/x', 'a/b/c', '/echo/x'], ['a%2Fb/echo/x', 'a', '/echo/x'], ['a/b%2fc/echo/x', 'a/b/c', '/echo/x'],
    ['a/echo/%E6%A8%A1%2F%25?q=%2f%20+', 'a', '/echo/%E6%A8%A1%2F%25?q=%2f%20+'], ['a/echo/a;b=c|d"e', 'a', '/echo/a;b=c|d%22e'], ['a/echo/*', 'a', '/echo/*']
  ] as const) {
    t.match(await (await fetch(`${url}/upstream/${path}`)).json(), { url: sent, upstream: { name } }, path)
  }
})

t.test('what a page asks for by the way does not start a model', async (t) => {
  const { app, url, states } = await startApp(t, { models }, { routes: { upstream: true } })
  const status = async (path: string): Promise<number> => (await fetch(`${url}/upstream/a/${path}`)).status
  for (const path of ['x.js', 'echo/x.css?v=1', 'favicon.ico', 'a/b.png', 'robots.txt']) {
    const response = await fetch(`${url}/upstream/a/${path}`)
    t.equal(response.status, 409, path)
    t.match(await response.json(), { src: 'llama-swap', error: { type: 'invalid_request_error', code: 'model_not_loaded', message: 'model a is not loaded; path matches upstream.ignorePaths' } }, path)
  }
  t.strictSame(states, [])
  t.equal(await status('echo/x.js/y'), 200, 'another path starts it')
  t.equal(await status('echo/x.js'), 200, 'then all is let through')
  await app.llamaSwap.unload()
  const post = await fetch(`${url}/upstream/a/echo/x.js`, { method: 'POST', body: 'x' })
  t.equal(post.status, 409, 'by any method')
})

t.test('ignorePaths of one\'s own, and after a reload', async (t) => {
  const { app, url } = await startApp(t, { models, upstream: { ignorePaths: ['^/echo/quiet', '\\.bak$'] } }, { routes: { upstream: true } })
  const status = async (path: string): Promise<number> => (await fetch(`${url}/upstream/a${path}`)).status
  t.strictSame([await status('/echo/quiet/x'), await status('/x.bak'), await status('/x.bak%20')], [409, 409, 404], 'compared as it is sent')
  await app.llamaSwap.unload()
  t.equal(await status('/echo/x.js'), 200, 'in place of the default')
  await app.llamaSwap.unload()
  await app.llamaSwap.reload({ models })
  t.strictSame([await status('/echo/x.js'), await status('/echo/quiet/x')], [409, 200])
})

t.test('errors in a stream are those of the path\'s protocol', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  const wire = async (path: string): Promise<string> => {
    const body = JSON.stringify({ stream: true, messages: [], fault: { die: 'fin', dieAfterChunks: 1 } })
    return new Promise((resolve) => {
      const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`POST /upstream/a${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`))
      let text = ''
      socket.on('data', (chunk) => { text += String(chunk) })
      socket.on('close', () => resolve(text))
    })
  }
  t.match(await wire('/v1/messages'), /event: error\ndata: \{"type":"error","error":\{"type":"api_error"/)
  t.match(await wire('/v1/chat/completions'), /\ndata: \{"src":"llama-swap","error"/)
})
