// Where a request names its model, and what the server is sent of it.
import t from 'tap'
import type { Test } from 'tap'
import type { ConfigInput } from '../index.ts'
import { startApp } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'

const FORM = 'application/x-www-form-urlencoded'
const multipart = (...fields: Array<[name: string, value: string]>): string => (
  `${fields.map(([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\nX-Own: 1\r\n\r\n${value}\r\n`).join('')}--B--\r\n`
)

interface World extends TestApp {
  readonly server: EchoServer
  /** The status and code, or what the server was sent. */
  ask (path: string, type: string | undefined, body: string): Promise<unknown>
}

async function start (t: Test, more: ConfigInput = {}): Promise<World> {
  const server = await echoServer(t)
  const test = await startApp(t, {
    models: {
      plain: modelAt(server.origin, { aliases: ['org/alias', 'ä b'] }),
      named: modelAt(server.origin, { aliases: ['other'], useModelName: 'real/näme+1' }),
      filtered: modelAt(server.origin, { aliases: ['also'], filters: { stripParams: 'temperature', setParams: { added: [1] }, setParamsByID: { filtered: { by: 'id' }, also: { by: 'alias' } } } }),
      5: modelAt(server.origin)
    },
    groups: { all: { swap: false, members: ['plain', 'named', 'filtered', '5'] } },
    ...more
  })
  return {
    ...test,
    server,
    async ask (path, type, body) {
      const response = await fetch(test.url + path, { method: 'POST', headers: type === undefined ? {} : { 'content-type': type }, body: Buffer.from(body) })
      if (response.status !== 200) return [response.status, ((await response.json()) as { error: { code: string } }).error.code]
      const { url, body: sent, headers } = server.seen.at(-1)!
      t.equal(headers['content-type'], type)
      return [url, Buffer.from(sent, 'latin1').toString()]
    }
  }
}

const CHAT = '/v1/chat/completions'
const SPEECH = '/v1/audio/transcriptions'

t.test('what no config wants to be changed goes on as it is', async (t) => {
  const { ask } = await start(t)
  for (const [type, body] of [
    ['application/json', '{ "x" : 1.0, "model":\n"plain" , "y": "\\u0041é" }'],
    ['application/json; charset=utf-8', '{"model":"org/alias"}'],
    ['Application/JSON', '{"model":"ä b"}'],
    [FORM, 'x=+%20&model=org%2Falias&y'],
    [FORM, 'model=%C3%A4+b'],
    ['multipart/form-data; boundary=B', multipart(['x', '1'], ['model', 'ä b'])]
  ] as const) {
    for (const path of [CHAT, SPEECH]) t.strictSame(await ask(`${path}?q=%2f`, type, body), [`${path}?q=%2f`, body], `${type} ${body}`)
  }
})

t.test('useModelName is put in the place of the name, wherever that is', async (t) => {
  const { ask, url, server } = await start(t)
  for (const name of ['named', 'other']) {
    t.strictSame(await ask(CHAT, 'application/json', `{ "a":[1, 2], "model" : "${name}", "b":1.0 }`), [CHAT, '{ "a":[1, 2], "model" : "real/näme+1", "b":1.0 }'], name)
    t.strictSame(await ask(SPEECH, FORM, `a=+%20&model=${name}&b`), [SPEECH, 'a=+%20&model=real%2Fn%C3%A4me%2B1&b'], name)
    t.strictSame(await ask(SPEECH, 'multipart/form-data; boundary=B', multipart(['a', '1'], ['model', name])), [SPEECH, multipart(['a', '1'], ['model', 'real/näme+1'])], name)
    for (const method of ['GET', 'HEAD']) {
      await (await fetch(`${url}/props?a=%20&model=${name}&b`, { method })).text()
      t.match(server.seen.at(-1), { method, url: '/props?a=%20&model=real%2Fn%C3%A4me%2B1&b' }, name)
    }
  }
})

t.test('JSON of no type, or another one, is read as JSON', async (t) => {
  const { ask } = await start(t)
  for (const type of [undefined, 'text/plain', 'text/json', 'application/octet-stream', 'application/vnd.own+json', FORM]) {
    t.strictSame(await ask(CHAT, type, '{"model":"named"}'), [CHAT, '{"model":"real/näme+1"}'], String(type))
    t.strictSame(await ask(CHAT, type, '{"model":"also","temperature":1}'), [CHAT, '{"model":"also","added":[1],"by":"alias"}'], `filters, ${type}`)
  }
})

t.test('the query counts where a form has no model, and where the type says nothing', async (t) => {
  const { ask } = await start(t)
  t.strictSame(await ask(`${SPEECH}?a&model=named`, FORM, 'x=1'), [`${SPEECH}?a&model=real%2Fn%C3%A4me%2B1`, 'x=1'])
  t.strictSame(await ask(`${SPEECH}?model=named`, 'multipart/form-data; boundary=B', multipart(['x', '1'])), [`${SPEECH}?model=real%2Fn%C3%A4me%2B1`, multipart(['x', '1'])])
  t.strictSame(await ask(`${CHAT}?model=named`, 'text/plain', 'hello'), [`${CHAT}?model=real%2Fn%C3%A4me%2B1`, 'hello'])
  t.strictSame(await ask(`${CHAT}?model=named`, undefined, ''), [`${CHAT}?model=real%2Fn%C3%A4me%2B1`, ''])
  t.strictSame(await ask(`${CHAT}?model=filtered`, 'text/plain', '{"temperature":1}'), [`${CHAT}?model=filtered`, '{"added":[1],"by":"id"}'], 'filters cannot be gone around')
  t.strictSame(await ask(`${CHAT}?model=plain`, 'application/json', '{"x":1}'), [404, 'model_missing'], 'of JSON it is no part')
  t.strictSame(await ask(`${CHAT}?model=nope`, 'application/json', '{"model":"plain"}'), [`${CHAT}?model=nope`, '{"model":"plain"}'])
})

t.test('in body and query: the same name, in both places', async (t) => {
  const { ask } = await start(t)
  t.strictSame(await ask(`${SPEECH}?model=named`, FORM, 'model=named'), [`${SPEECH}?model=real%2Fn%C3%A4me%2B1`, 'model=real%2Fn%C3%A4me%2B1'])
  t.strictSame(await ask(`${CHAT}?model=named`, undefined, '{"model":"named"}'), [`${CHAT}?model=real%2Fn%C3%A4me%2B1`, '{"model":"real/näme+1"}'])
  for (const [type, body] of [[FORM, 'model=plain'], ['multipart/form-data; boundary=B', multipart(['model', 'plain'])], ['text/plain', '{"model":"plain"}'], [FORM, 'model=named&model=plain'], ['text/plain', '{"model":"named","model":"plain"}']] as const) {
    t.strictSame(await ask(`${SPEECH}?model=named`, type, body), [400, 'model_ambiguous'], `${type} ${body}`)
  }
  t.strictSame(await ask(`${SPEECH}?model=named&model=plain`, FORM, 'model=named'), [400, 'model_ambiguous'])
  t.strictSame(await ask(`${SPEECH}?model=%zz`, FORM, 'model=named'), [400, 'body_malformed'])
})

t.test('a model is a text that is not empty', async (t) => {
  const { ask } = await start(t)
  for (const value of ['5', '5.0', 'true', 'null', '["plain"]', '{"model":"plain"}', '""']) t.strictSame(await ask(CHAT, 'application/json', `{"model":${value}}`), [404, 'model_missing'], value)
  t.strictSame(await ask(CHAT, 'application/json', '{"model":"5"}'), [CHAT, '{"model":"5"}'])
  for (const [type, body] of [[FORM, 'model='], [FORM, 'model'], [FORM, 'x=1'], [FORM, ''], ['multipart/form-data; boundary=B', multipart(['model', ''])]] as const) t.strictSame(await ask(SPEECH, type, body), [404, 'model_missing'], `${type} ${body}`)
  for (const name of ['Plain', 'plain ', ' plain', 'nope']) t.strictSame(await ask(CHAT, 'application/json', JSON.stringify({ model: name })), [404, 'model_not_found'], name)
})

t.test('what follows the path of a proxy is no part of a request', async (t) => {
  const server = await echoServer(t)
  const { chat } = await startApp(t, { models: { a: modelAt(`${server.origin}/base?k=1#x`) } })
  t.equal((await chat('a')).status, 200)
  t.equal(server.seen.at(-1)!.url, `/base${CHAT}`)
})

// llama-swap lets ten in.
t.test('a burst for one model without a concurrencyLimit: all are served, whether it is cold or not', async (t) => {
  const { ask } = await start(t)
  for (const what of ['cold', 'warm']) {
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(CHAT, 'application/json', '{"model":"plain"}')))
    t.ok(answers.every((answer) => (answer as unknown[])[0] === CHAT), what)
  }
})

t.test('filters, end to end: stripped, set, set for the name; not for forms', async (t) => {
  const { ask } = await start(t)
  t.strictSame(await ask(CHAT, 'application/json', '{"model":"filtered","temperature":1,"x":2}'), [CHAT, '{"model":"filtered","x":2,"added":[1],"by":"id"}'])
  t.strictSame(await ask(CHAT, 'application/json', '{"model":"also","added":0}'), [CHAT, '{"model":"also","added":[1],"by":"alias"}'])
  t.strictSame(await ask(SPEECH, FORM, 'model=filtered&temperature=1'), [SPEECH, 'model=filtered&temperature=1'])
})

t.test('behind /upstream a server of ours gets the body as it is', async (t) => {
  const { ask } = await start(t)
  for (const body of ['{"model":"named","temperature":1}', '{"model":"nope"', 'hello']) t.strictSame(await ask(`/upstream/filtered${CHAT}?model=x`, 'application/json', body), [`${CHAT}?model=x`, body], body)
})

t.test('methods that we do not know are not there', async (t) => {
  const { url } = await start(t)
  for (const method of ['PROPFIND', 'REPORT', 'OPTIONS']) t.equal((await fetch(`${url}/upstream/plain/x`, { method })).status, 404, method)
})
