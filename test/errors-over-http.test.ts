import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }) } }
const json = { 'content-type': 'application/json' }

t.test('bad requests get the status of llama-swap, a code of our own and what to do', async (t) => {
  const { url } = await startApp(t, { models }, { bodyLimit: 1000 })
  const post = (body: string, path = '/v1/chat/completions'): Promise<Response> => fetch(url + path, { method: 'POST', headers: json, body })
  const cases: Array<[name: string, body: string, status: number, code: string, message: RegExp]> = [
    ['not JSON', 'hello', 400, 'body_not_json', /not a JSON object/],
    ['cut short', '{"model":"a"', 400, 'body_not_json', /not a JSON object/],
    ['a list', '[{"model":"a"}]', 400, 'body_not_json', /not a JSON object/],
    ['empty', '', 400, 'body_not_json', /not a JSON object/],
    ['no model', '{"messages":[]}', 404, 'model_missing', /no model id could be identified.*"model"/],
    ['an empty model', '{"model":""}', 404, 'model_missing', /no model id/],
    ['unknown model', '{"model":"nope"}', 404, 'model_not_found', /"nope".*\/v1\/models/],
    ['two models', '{"model":"a","model":"b"}', 400, 'model_ambiguous', /two different "model"/],
    ['too large', `{"model":"a","x":"${'x'.repeat(1000)}"}`, 413, 'body_too_large', /1000 bytes.*bodyLimit/]
  ]
  for (const [name, body, status, code, message] of cases) {
    const response = await post(body)
    const answer = await response.json() as { src: string, error: { code: string, message: string, type: string, param: null } }
    t.equal(response.status, status, name)
    t.match(response.headers.get('content-type'), /^application\/json/, name)
    t.match(answer, { src: 'llama-swap', error: { code, message, param: null, type: 'invalid_request_error' } }, name)
  }
  const anthropic = await post('{"model":"nope"}', '/v1/messages')
  t.equal(anthropic.status, 404)
  t.match(await anthropic.json(), { type: 'error', error: { type: 'not_found_error', message: /nope/ } })
})

t.test('an error has the form that the client accepts; what it sent is text in it', async (t) => {
  const { url } = await startApp(t, { models: { ...models, full: { cmd: upstreamCommand({ name: 'full' }), concurrencyLimit: 1 } } })
  const json = 'application/json; charset=utf-8'
  const cases: Array<[accept: string | undefined, type: string, body: RegExp]> = [
    [undefined, json, /^\{"src":"llama-swap"/],
    ['*/*', json, /^\{/],
    ['application/json', json, /^\{/],
    ['text/event-stream', json, /^\{/],
    ['text/*', json, /^\{/],
    ['TEXT/PLAIN', json, /^\{/],
    ['text/plain', 'text/plain; charset=utf-8', /^llama-swap: no router for requested model "<b>&'\\": GET/],
    ['application/json, text/plain, */*', 'text/plain; charset=utf-8', /^llama-swap: /],
    ['text/html, text/plain', 'text/plain; charset=utf-8', /^llama-swap: /],
    ['text/html', 'text/html; charset=utf-8', /^<html><body><h1>llama-swap<\/h1><p>no router for requested model &#34;&#60;b&#62;&#38;&#39;\\&#34;: GET[^<>]*<\/p><\/body><\/html>$/],
    ['text/html,application/xhtml+xml;q=0.9', 'text/html; charset=utf-8', /^<html>/]
  ]
  for (const path of ['/v1/chat/completions', '/v1/messages']) {
    for (const [accept, type, body] of cases) {
      const what = `${path} ${accept}`
      const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...(accept !== undefined && { accept }) }, body: JSON.stringify({ model: '<b>&\'\\' }) })
      t.equal(response.status, 404)
      t.equal(response.headers.get('content-type'), type, what)
      t.match(await response.text(), path === '/v1/messages' && type === json ? /^\{"type":"error"/ : body, what)
    }
  }
  const busy = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'full', stream: true, fault: { chunks: 1_000_000 } }) })
  for (const accept of ['text/plain', 'text/html']) {
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body: '{"model":"full"}' })
    t.equal(response.status, 429)
    t.ok(Number(response.headers.get('retry-after')) >= 1)
    t.equal(response.headers.get('content-type'), json, 'a 429 is always JSON')
    t.match(await response.json(), { error: { type: 'rate_limit_error', code: 'too_many_requests', message: /concurrencyLimit/ } })
  }
  await busy.body!.cancel()
})

t.test('a body too large is refused while it is still being sent', async (t) => {
  const { url } = await startApp(t, { models }, { bodyLimit: 100_000 })
  const announced = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: json, body: Buffer.alloc(5_000_000, 0x20) })
  t.equal(announced.status, 413)
  let sent = 0
  const chunked = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: json,
    duplex: 'half',
    body: new ReadableStream({ pull (controller) { if (++sent > 40) controller.close(); else controller.enqueue(Buffer.alloc(10_000, 0x20)) } })
  } as RequestInit)
  t.equal(chunked.status, 413)
})

t.test('held bodies are bounded over all requests', async (t) => {
  const { url, chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', loadMs: 300 }) } } }, { bodyBudget: 1500 })
  const pad = 'x'.repeat(1000)
  const multipart = new FormData()
  multipart.append('file', new Blob([pad]))
  multipart.append('model', 'a')
  const asked = [chat('a', { pad }), ...[multipart, new URLSearchParams({ pad, model: 'a' })].map((body) => fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body }))]
  const answers = await Promise.all(asked)
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 503, 503], 'JSON or form: there is room for one')
  for (const refused of answers.filter(({ status }) => status === 503)) {
    t.ok(refused.headers.get('retry-after'))
    t.match(await refused.json(), { error: { code: 'body_budget' } })
  }
  t.equal((await chat('a', { pad: 'x'.repeat(1000) })).status, 200, 'bytes are given back')
})

t.test('a model that cannot be started: 502 with cause and code only; the words of the server go to status()', async (t) => {
  const { app, chat } = await startApp(t, { models: { broken: { cmd: upstreamCommand({ exitCode: 3, say: 'secret path /models/x.gguf' }) }, missing: { cmd: '/no/such/program ${PORT}' } } })
  const response = await chat('broken')
  t.equal(response.status, 502)
  const text = await response.text()
  t.match(JSON.parse(text), { error: { code: 'start_failed', type: 'server_error', message: /"broken" could not be started: it exited with code 3/ } })
  t.notMatch(text, /secret/)
  t.match(app.llamaSwap.status().models.find(({ model }) => model === 'broken'), { state: 'stopped', lastError: /exited with code 3[^]*last lines:[^]*secret path/, lastLines: [/secret/] })
  const missing = await chat('missing')
  t.equal(missing.status, 502)
  t.match(await missing.json(), { error: { message: /was not found/ } })
  await t.rejects(app.llamaSwap.load('broken'), { code: 'FST_LS_START_FAILED', detail: /secret path/ })
})

t.test('an upstream that breaks off before its headers: 502, no address in the text', async (t) => {
  const { chat } = await startApp(t, { models })
  for (const die of ['fin', 'rst', 'sigkill']) {
    const response = await chat('a', { fault: { die, dieBeforeHeaders: true } })
    t.equal(response.status, 502, die)
    const text = await response.text()
    t.match(JSON.parse(text), { src: 'llama-swap', error: { code: /^(upstream_failed|crashed)$/ } }, die)
    t.notMatch(text, /127\.0\.0\.1|localhost|ECONN/, die)
  }
})

t.test('an upstream\'s own error passes unchanged; its Connection: close does not', async (t) => {
  const { chat } = await startApp(t, { models })
  const response = await chat('a', { fault: { status: 429, headers: { 'retry-after': '7' } } })
  t.equal(response.status, 429)
  t.equal(response.headers.get('retry-after'), '7')
  t.not(response.headers.get('connection'), 'close')
  const loading = await chat('a', { fault: { status: 503 } })
  t.equal(loading.status, 503)
})

t.test('a proxy address where nothing listens', async (t) => {
  const { chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }), proxy: 'http://127.0.0.1:1/', checkEndpoint: 'none', env: [] } } })
  const response = await chat('a')
  t.equal(response.status, 502)
  t.match(await response.json(), { error: { code: 'upstream_unreachable' } })
})

t.test('requests that are ended before their headers are told when to try again', async (t) => {
  const held = { fault: { delayMs: 3_600_000 } }
  const { app, chat } = await startApp(t, { models }, { drainTimeout: 0 })
  const leases = (): number => app.llamaSwap.status().models[0]!.leases
  const unloaded = chat('a', held)
  await until(() => leases() === 1)
  await app.llamaSwap.unload('a', { force: true })
  const closed = chat('a', held)
  await until(() => leases() === 1)
  void app.close()
  for (const [what, answer] of Object.entries({ unloaded: await unloaded, closing: await closed })) {
    t.equal(answer.status, 503, what)
    t.match(await answer.json(), { error: { code: what } })
    t.equal(answer.headers.get('retry-after'), '1', what)
  }
})
