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

t.test('Expect: 100-continue is answered here and not passed on', async (t) => {
  const { url } = await startApp(t, { models })
  const body = '{"model":"a","messages":[]}'
  const answer = await new Promise<string>((resolve) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(body)
    })
    socket.on('close', () => resolve(text))
  })
  t.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
})
