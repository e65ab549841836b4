import t from 'tap'
import { cleanPath } from '../lib/cli/clean-path.ts'
import { table } from '../lib/routes/table.ts'
import { startCli } from './helper/cli.ts'
import { ask, send } from './helper/raw.ts'
import { startStandalone } from './helper/standalone.ts'

const NOT_FOUND = '404 page not found\n'
const NOT_ALLOWED = 'Method Not Allowed\n'

t.test('an unknown path: 404 as plain text, whatever the method or the body', async (t) => {
  const { port } = await startStandalone(t)
  for (const line of ['GET /nope', 'POST /nope', 'DELETE /v1', 'GET /v1/', 'PROPFIND /nope', 'TRACE /nope', 'GET /health/', 'GET /Health', 'GET /healthy', 'GET /health;x', 'GET /health#x', 'GET /running%2f', 'GET *', 'GET http://localhost/nope']) {
    const answer = await ask(port, line)
    t.equal(answer.status, 404, line)
    t.equal(answer.body, NOT_FOUND, line)
    t.strictSame(answer.header('content-type'), ['text/plain; charset=utf-8'])
    t.strictSame(answer.header('x-content-type-options'), ['nosniff'])
  }
  const head = await ask(port, 'HEAD /nope')
  t.strictSame([head.status, head.header('content-length'), head.body], [404, ['19'], ''])
  for (const [name, type, body] of [['broken JSON', 'application/json', '{"model'], ['a type that cannot be read', ';;', 'x'], ['a large body', 'application/json', JSON.stringify('x'.repeat(5_000_000))]] as const) {
    const answer = await ask(port, 'POST /nope', { 'Content-Type': type }, body)
    t.strictSame([answer.status, answer.body], [404, NOT_FOUND], name)
  }
})

t.test('a known path with another method: 405, and Allow has those of the table', async (t) => {
  const { port } = await startStandalone(t)
  for (const path of new Set(table.map(({ path }) => path))) {
    const methods = new Set<string>(table.filter((row) => row.path === path).flatMap(({ method }) => method))
    if (methods.has('GET')) methods.add('HEAD')
    const allow = [...methods].sort().join(', ')
    const target = path.replace(/:\w+/, 'x').replace('*', 'x/y')
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PROPFIND', 'TRACE'].filter((method) => !methods.has(method))) {
      const answer = await ask(port, `${method} ${target}?x=1`)
      t.strictSame([answer.status, answer.header('allow'), answer.body], [405, [allow], NOT_ALLOWED], `${method} ${path}`)
      t.strictSame(answer.header('content-type'), ['text/plain; charset=utf-8'])
    }
  }
  const head = await ask(port, 'HEAD /v1/chat/completions')
  t.strictSame([head.status, head.header('allow'), head.body], [405, ['POST'], ''])
  t.strictSame((await ask(port, 'POST /%68ealth')).header('allow'), ['GET, HEAD'], 'an encoded letter is that letter')
})

t.test('routes that others add count as well, with parameters and of any length', async (t) => {
  const { port } = await startStandalone(t, {
    prepare (app) {
      app.get('/own/:id', ({ params }) => (params as { id: string }).id)
      app.delete('/own/:id', () => 'deleted')
      app.put('/own/special', () => 'put')
      app.post('/own/a.b', (_request, reply) => reply.callNotFound())
    }
  })
  const id = 'x'.repeat(5000)
  t.equal((await ask(port, `GET /own/${id}`)).body, id)
  t.strictSame((await ask(port, `POST /own/${id}`)).header('allow'), ['DELETE, GET, HEAD'])
  t.strictSame((await ask(port, 'POST /own/special')).header('allow'), ['DELETE, GET, HEAD, PUT'])
  t.equal((await ask(port, 'DELETE /own/special')).body, 'deleted')
  t.equal((await ask(port, 'POST /own/x/y')).body, NOT_FOUND)
  t.equal((await ask(port, 'POST /own/a.b')).body, NOT_FOUND, 'a handler that finds nothing')
  t.strictSame((await ask(port, 'POST /own/aXb')).header('allow'), ['DELETE, GET, HEAD'], 'a dot is a dot')
})

t.test('doubled slashes and dot segments before a known path: 307 to the clean one', async (t) => {
  const { port } = await startStandalone(t)
  const cases: Array<[line: string, location: string]> = [
    ['GET //health', '/health'],
    ['HEAD //health', '/health'],
    ['GET ///health?a=//b/../c', '/health?a=//b/../c'],
    ['GET /x/../health', '/health'],
    ['GET /./health', '/health'],
    ['GET /../../health', '/health'],
    ['POST //v1//chat/completions?x=1', '/v1/chat/completions?x=1'],
    ['POST //health', '/health'],
    ['GET //upstream/a/', '/upstream/a/'],
    ['GET http://localhost//health', '/health']
  ]
  for (const [line, location] of cases) {
    const answer = await ask(port, line)
    t.strictSame([answer.status, answer.header('location'), answer.body], [307, [location], ''], line)
  }
  t.equal((await ask(port, 'POST //v1/chat/completions', {}, JSON.stringify({ model: 'a', x: 'x'.repeat(3_000_000) }))).status, 307, 'a large body does not hold it up')
  const followed = await fetch(`http://localhost:${port}//v1/chat/completions`, { method: 'POST', body: '{"model":"a","messages":[]}' })
  t.match(await followed.json(), { upstream: { name: 'a' } }, 'a base URL with a slash too many works')
})

t.test('no redirect leads anywhere else, and nothing encoded is taken for a slash or dots', async (t) => {
  const { port } = await startStandalone(t)
  for (const path of ['//evil.example', '//evil.example/..', '///evil.example/%2e%2e', '/\\evil.example//', '/\\evil.example/../health', '/..\\health', '/x/%2e%2e/health', '/x/.%2E/health', '/%2fhealth', '/.%2fhealth', '/x%5c..%5chealth', '/health%00', '/nope/../nope', 'ftp://../../health']) {
    const answer = await ask(port, `GET ${path}`)
    t.strictSame([answer.status, answer.header('location'), answer.body], [404, [], NOT_FOUND], path)
  }
  for (const path of ['/upstream/a/../../running', '/upstream/a/%2e%2e/%2e%2e/running', '/upstream/a/..\\..\\running', '/upstream/a/%5c', '//upstream/../running/../upstream/a/%2e%2e/x']) {
    const answer = await ask(port, `GET ${path}`)
    if (answer.status === 307) t.strictSame(answer.header('location'), ['/upstream/a/%2e%2e/x'], 'what is encoded stays')
    else t.match([answer.status, JSON.parse(answer.body)], [400, { error: { code: 'path_invalid' } }], path)
  }
})

t.test('a path that cannot be read: 400 in our shape', async (t) => {
  const { port } = await startStandalone(t)
  for (const line of ['GET /%', 'GET /%zz', 'POST /v1/%e0%a4', 'OPTIONS /%', 'GET /nope%ff', 'GET http://localhost/%']) {
    const answer = await ask(port, line)
    t.equal(answer.status, 400, line)
    t.match(JSON.parse(answer.body), { src: 'llama-swap', error: { code: 'path_invalid', type: 'invalid_request_error' } }, line)
  }
})

t.test('slashes below /upstream are the server\'s affair', async (t) => {
  const { port } = await startStandalone(t)
  const answer = await ask(port, 'GET /upstream/a/echo//x///y?z=//')
  t.match([answer.status, JSON.parse(answer.body)], [200, { url: '/echo//x///y?z=//' }])
})

t.test('a path below /upstream may be long', async (t) => {
  const { port } = await startStandalone(t)
  for (const rest of ['x'.repeat(10_000), 'x/'.repeat(5000), '%20'.repeat(3000)]) {
    const answer = await ask(port, `POST /upstream/a/echo/${rest}?q=1`, {}, '{}')
    t.equal(answer.status, 200)
    t.ok(answer.body.includes(rest.slice(0, 200)), 'it has come to the server')
  }
})

t.test('clean paths', async (t) => {
  const cases: Array<[path: string, clean: string]> = [
    ['/', '/'], ['//', '/'], ['/a', '/a'], ['/a/', '/a/'], ['/a//', '/a/'], ['/a/.', '/a'], ['/a/./', '/a/'], ['/a/..', '/'], ['/a/../', '/'], ['/..', '/'], ['/a/../../b', '/b'],
    ['/a/b/../c', '/a/c'], ['/.a/..b/...', '/.a/..b/...'], ['/%2e%2e/a', '/%2e%2e/a'], ['//a\\b', '//a\\b']
  ]
  for (const [path, clean] of cases) t.equal(cleanPath(path), clean, path)
})

t.test('the real command', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'models: {}\n' })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], { cwd })
  const port = Number(new URL(await cli.url()).port)
  t.equal((await ask(port, 'GET /nope')).body, NOT_FOUND)
  t.strictSame((await ask(port, 'POST /health')).header('allow'), ['GET, HEAD'])
  t.equal((await send(port, 'GET /nope HTTP/1.0\r\n\r\n')).body, NOT_FOUND)
})
