import net from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import type { ConfigInput } from '../index.ts'
import { startApp, until } from './helper/app.ts'
import type { Setup, TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'

const json = { 'content-type': 'application/json' }

interface World extends TestApp {
  readonly server: EchoServer
  readonly config: ConfigInput
  put (body: string, headers?: Record<string, string>): Promise<{ status: number, answer: unknown }>
  list (): Promise<unknown>
}

const profiles = {
  work: { description: ' at work ', pins: { gpt: 'a', a: 'b', off: null, alias: '', sel: 'any', far: 'p/remote', chain: 'gpt2', 'gpt/4': 'a:high' } },
  home: { pins: { gpt: 'b', gpt2: 'b' } },
  Alpha: { pins: { x: 'a' } }
}

async function start (t: Test, setup: Setup = {}): Promise<World> {
  const server = await echoServer(t)
  const config: ConfigInput = {
    models: {
      a: modelAt(server.origin, { aliases: ['alias', 'gpt2'], filters: { setParamsByID: { 'a:high': { effort: 'high' }, a: { plain: true } } } }),
      b: modelAt(server.origin, { useModelName: 'real/b' })
    },
    groups: { all: { swap: false, members: ['a', 'b'] } },
    peers: { p: { proxy: server.origin, models: ['remote'] } },
    selectors: { any: { strategy: 'warm', targets: ['alias'] } },
    profiles
  }
  const test = await startApp(t, config, { routes: { upstream: true, admin: true }, ...setup })
  return {
    ...test,
    server,
    config,
    async put (body, headers = json) {
      const response = await fetch(`${test.url}/api/profiles/active`, { method: 'PUT', headers, body })
      return { status: response.status, answer: await response.json() }
    },
    list: async () => (await fetch(`${test.url}/api/profiles`)).json()
  }
}

t.test('the list: sorted, with pins, and which one is active', async (t) => {
  const { list, put, app } = await start(t)
  const expected = [
    { id: 'Alpha', description: '', pins: { x: 'a' } },
    { id: 'home', description: '', pins: { gpt: 'b', gpt2: 'b' } },
    { id: 'work', description: 'at work', pins: { ...profiles.work.pins, off: '' } }
  ]
  const normal = async (): Promise<{ active: unknown, profiles: unknown }> => {
    const { active, profiles } = await list() as { active: unknown, profiles: Array<{ id: string, description: string, pins: object }> }
    return { active, profiles: profiles.map((profile) => ({ ...profile, description: profile.description.trim() })) }
  }
  t.strictSame(await normal(), { active: null, profiles: expected })
  t.equal(app.llamaSwap.status().profile, null)
  t.strictSame(await put('{"name":"work"}'), { status: 200, answer: { active: 'work' } })
  t.strictSame(await normal(), { active: 'work', profiles: expected })
  t.equal(app.llamaSwap.status().profile, 'work')
})

t.test('another one, and none', async (t) => {
  const { put, app } = await start(t)
  for (const [body, active] of [
    ['{"name":"work"}', 'work'], ['{"name":"home","more":1}', 'home'], [' {\n"name" : "work" } ', 'work'], ['{"name":null}', null], ['{"name":"home"}', 'home'], ['{"name":""}', null], ['{"name":null}', null]
  ] as const) {
    t.strictSame(await put(body), { status: 200, answer: { active } }, body)
    t.equal(app.llamaSwap.status().profile, active)
  }
  t.strictSame(await put('{"name":"work"}', {}), { status: 200, answer: { active: 'work' } }, 'whatever type the body has')
})

t.test('what is wrong with a request changes nothing', async (t) => {
  const { put, app, url } = await start(t)
  app.llamaSwap.useProfile('home')
  const form = 'send JSON such as {"name": "work"}, or null for none'
  const cases: Array<[body: string, status: number, code: string, message: string]> = [
    ['', 400, 'profile_invalid', `invalid profile request: ${form}`],
    ['work', 400, 'profile_invalid', `invalid profile request: ${form}`],
    ['{"name":"work"', 400, 'profile_invalid', `invalid profile request: ${form}`],
    ['{"name":"work"}x', 400, 'profile_invalid', `invalid profile request: ${form}`],
    ['null', 400, 'profile_invalid', 'profile name is required: send {"name": "work"}, or {"name": null} for none'],
    ['[]', 400, 'profile_invalid', 'profile name is required: send {"name": "work"}, or {"name": null} for none'],
    ['"work"', 400, 'profile_invalid', 'profile name is required: send {"name": "work"}, or {"name": null} for none'],
    ['{}', 400, 'profile_invalid', 'profile name is required: send {"name": "work"}, or {"name": null} for none'],
    ['{"Name":"work"}', 400, 'profile_invalid', 'profile name is required: send {"name": "work"}, or {"name": null} for none'],
    ['{"__proto__":{"name":"work"}}', 400, 'profile_invalid', 'profile name is required: send {"name": "work"}, or {"name": null} for none'],
    ['{"name":1}', 400, 'profile_invalid', 'profile name must be a string or null'],
    ['{"name":true}', 400, 'profile_invalid', 'profile name must be a string or null'],
    ['{"name":["work"]}', 400, 'profile_invalid', 'profile name must be a string or null'],
    ['{"name":"nope"}', 404, 'profile_not_found', 'profile "nope" not found: GET /api/profiles lists those there are'],
    ['{"name":"WORK"}', 404, 'profile_not_found', 'profile "WORK" not found: GET /api/profiles lists those there are'],
    ['{"name":"constructor"}', 404, 'profile_not_found', 'profile "constructor" not found: GET /api/profiles lists those there are'],
    [`{"name":"${'x'.repeat(10_000)}"}`, 404, 'profile_not_found', `profile "${'x'.repeat(200)}" not found: GET /api/profiles lists those there are`],
    [`{"name":"${'x'.repeat(100_000)}"}`, 400, 'profile_invalid', 'invalid profile request: larger than 65536 bytes']
  ]
  for (const [body, status, code, message] of cases) {
    t.match(await put(body), { status, answer: { src: 'llama-swap', error: { code, message } } }, body.slice(0, 40))
    t.equal(app.llamaSwap.status().profile, 'home')
  }
  t.equal((await put(`{"name":"${'x'.repeat(20_000_000)}"}`)).status, 400, 'a body of any size is answered')
  const cut = net.connect(Number(new URL(url).port), '127.0.0.1', () => {
    cut.write('PUT /api/profiles/active HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":"work"}')
    cut.end()
  })
  await new Promise((resolve) => { cut.resume().once('close', resolve) })
  t.equal((await put('{"name":"nope"}')).status, 404, 'a body that is cut ends its own request only')
  t.equal(app.llamaSwap.status().profile, 'home')
})

t.test('from code', async (t) => {
  const { app, chat } = await start(t)
  t.equal(app.llamaSwap.useProfile('home'), undefined)
  t.equal(app.llamaSwap.status().profile, 'home')
  t.throws(() => app.llamaSwap.useProfile('nope'), { code: 'FST_LS_PROFILE_NOT_FOUND', statusCode: 404 })
  t.throws(() => app.llamaSwap.useProfile(''), { code: 'FST_LS_PROFILE_NOT_FOUND' })
  t.equal(app.llamaSwap.status().profile, 'home')
  {
    using lease = await app.llamaSwap.acquire('gpt')
    t.equal(lease.model, 'b', 'names mean the same there')
  }
  await app.llamaSwap.load('gpt2')
  t.equal(app.llamaSwap.status().models.find(({ model }) => model === 'b')!.state, 'ready')
  app.llamaSwap.useProfile(null)
  t.equal(app.llamaSwap.status().profile, null)
  t.equal((await chat('gpt')).status, 404)
})

t.test('pins go first, then selectors, then all else; they do not lead to pins', async (t) => {
  const { app, chat, server } = await start(t)
  const sent = async (model: string): Promise<unknown> => {
    const before = server.seen.length
    const response = await chat(model)
    if (response.status !== 200) return response.status
    t.equal(server.seen.length, before + 1)
    const { messages: _messages, ...rest } = JSON.parse(server.seen.at(-1)!.body) as Record<string, unknown>
    return rest
  }
  t.equal(await sent('gpt'), 404)
  app.llamaSwap.useProfile('work')
  t.strictSame(await sent('gpt'), { model: 'a', plain: true }, 'filters go by the name that it means')
  t.strictSame(await sent('gpt/4'), { model: 'a:high', effort: 'high' })
  t.strictSame(await sent('a'), { model: 'real/b' }, 'an id may be pinned')
  t.strictSame(await sent('b'), { model: 'real/b' })
  t.strictSame(await sent('sel'), { model: 'alias' }, 'to a selector')
  t.strictSame(await sent('far'), { model: 'remote' }, 'to a peer')
  t.strictSame(await sent('chain'), { model: 'gpt2' }, 'to an alias, which another profile pins')
  t.strictSame(await sent('gpt2'), { model: 'gpt2' })
  t.equal(await sent('off'), 404)
  t.equal(await sent('alias'), 404, 'a name can be taken away')
  t.strictSame(await sent('any'), { model: 'alias' }, 'but not from what leads to it')
  app.llamaSwap.useProfile('home')
  t.strictSame(await sent('gpt'), { model: 'real/b' })
  t.strictSame(await sent('a'), { model: 'a', plain: true })
  app.llamaSwap.useProfile(null)
  t.equal(await sent('gpt'), 404)
  t.strictSame(await sent('alias'), { model: 'alias' })
})

t.test('in forms and queries', async (t) => {
  const { app, url, server } = await start(t)
  app.llamaSwap.useProfile('work')
  const form = new FormData()
  form.set('x', '1')
  form.set('model', 'gpt')
  await (await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form })).text()
  t.match(server.seen.at(-1)!.body, /name="model"\r\n\r\na\r\n/)
  await (await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: new URLSearchParams({ x: '1', model: 'gpt/4' }) })).text()
  t.equal(server.seen.at(-1)!.body, 'x=1&model=a%3Ahigh')
  await (await fetch(`${url}/props?x=%2f&model=gpt/4`)).text()
  t.equal(server.seen.at(-1)!.url, '/props?x=%2f&model=a%3Ahigh')
  for (const response of [fetch(`${url}/props?model=off`), fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: new URLSearchParams({ model: 'alias' }) })]) t.equal((await response).status, 404)
})

t.test('in paths: the longest name, pins before models; bodies stay as they are', async (t) => {
  const { app, url, server } = await start(t)
  app.llamaSwap.useProfile('work')
  const sent = async (path: string, body?: string): Promise<unknown> => {
    const response = await fetch(`${url}/upstream/${path}`, body === undefined ? {} : { method: 'POST', headers: json, body })
    return response.status === 200 ? [server.seen.at(-1)!.url, server.seen.at(-1)!.body] : response.status
  }
  t.strictSame(await sent('gpt/v1/x?y=1'), ['/v1/x?y=1', ''])
  t.strictSame(await sent('gpt/4/x'), ['/x', ''])
  t.strictSame(await sent('gpt%2F4/x'), ['/x', ''])
  t.strictSame(await sent('gpt/5/x'), ['/5/x', ''])
  t.strictSame(await sent('gpt/x', '{"model":"gpt"}'), ['/x', '{"model":"gpt"}'])
  t.strictSame(await sent('far/x', '{"model":"p/remote"}'), ['/x', '{"model":"remote"}'], 'a peer is sent its own name')
  t.equal(await sent('off/x'), 404)
  t.equal(await sent('alias/x'), 404)
  t.equal(await sent('sel/x'), 404, 'a selector cannot stand there')
  const redirect = await fetch(`${url}/upstream/gpt/4?x=1`, { redirect: 'manual' })
  t.strictSame([redirect.status, redirect.headers.get('location')], [301, '/upstream/gpt/4/?x=1'])
})

t.test('in lists: pins that hide no other name, and no names that are taken away', async (t) => {
  const { app, url } = await start(t)
  const list = async (): Promise<Array<{ id: string }>> => (await (await fetch(`${url}/v1/models`)).json() as { data: Array<{ id: string }> }).data
  t.strictSame((await list()).map(({ id }) => id), ['a', 'any', 'b', 'p/remote'])
  app.llamaSwap.useProfile('work')
  const pinned = await list()
  t.strictSame(pinned.map(({ id }) => id), ['a', 'any', 'b', 'chain', 'far', 'gpt', 'gpt/4', 'p/remote', 'sel'])
  t.strictSame({ ...pinned.find(({ id }) => id === 'gpt/4'), created: 0 }, { id: 'gpt/4', object: 'model', created: 0, owned_by: 'llama-swap', meta: { llamaswap: { type: 'profile' } }, status: { value: 'unloaded' } })
  t.match(await (await fetch(`${url}/v1/models/gpt%2F4`)).json(), { id: 'gpt/4' })
})

t.test('what the operator names is what it is called', async (t) => {
  const { app, url } = await start(t)
  app.llamaSwap.useProfile('work')
  await app.llamaSwap.load('b')
  const unload = async (name: string): Promise<number> => (await fetch(`${url}/api/models/unload/${name}`, { method: 'POST' })).status
  t.strictSame([await unload('gpt'), await unload('off'), await unload('sel')], [404, 404, 404])
  t.equal(await unload('a'), 200, 'not b, to which it is pinned')
  t.equal(app.llamaSwap.status().models.find(({ model }) => model === 'b')!.state, 'ready')
  t.equal(await unload('alias'), 200)
  await t.rejects(app.llamaSwap.unload('gpt'), { code: 'FST_LS_MODEL_NOT_FOUND' })
})

t.test('a reload keeps the active one if it is still there', async (t) => {
  const { app, chat, config, server } = await start(t)
  app.llamaSwap.useProfile('work')
  await app.llamaSwap.reload({ ...config, profiles: { work: { pins: { gpt: 'b' } } } })
  t.equal(app.llamaSwap.status().profile, 'work')
  t.equal((await chat('gpt')).status, 200)
  t.match(server.seen.at(-1)!.body, /"model":"real\/b"/, 'with its new pins')
  t.equal((await chat('alias')).status, 200)
  await app.llamaSwap.reload({ ...config, profiles: { other: { pins: { gpt: 'b' } } } })
  t.equal(app.llamaSwap.status().profile, null)
  t.equal((await chat('gpt')).status, 404)
  await app.llamaSwap.reload(config)
  t.equal(app.llamaSwap.status().profile, null, 'it does not come back by itself')
})

t.test('a change is for requests that come after it', async (t) => {
  const { app, chat, server } = await start(t)
  app.llamaSwap.useProfile('work')
  let finish = (): void => {}
  const { answer } = server
  server.answer = (response, seen) => { finish = () => answer(response, seen) }
  const running = chat('gpt')
  await until(() => server.seen.length === 1)
  app.llamaSwap.useProfile(null)
  finish()
  t.match(await (await running).json(), { body: /"model":"a"/ })
  server.answer = answer
  const flips = Array.from({ length: 50 }, async (_, index) => {
    if (index % 2 === 0) app.llamaSwap.useProfile(index % 4 === 0 ? 'work' : 'home')
    const response = await chat('gpt')
    t.equal(response.status, 200)
    t.match((await response.json() as { body: string }).body, /"model":"(a|real\/b)"/)
  })
  await Promise.all(flips)
})

t.test('the log tells of a change; without the admin routes there is no such route', async (t) => {
  const lines: string[] = []
  const { put } = await start(t, { fastify: { logger: { level: 'info', stream: { write: (line: string) => { lines.push((JSON.parse(line) as { msg: string }).msg) } } } } })
  await put('{"name":"work"}')
  await put('{"name":null}')
  t.strictSame(lines.filter((line) => line.includes('profile')), ['active profile changed to "work"', 'no profile is active any more'])
  const { url } = await start(t, { routes: {} })
  t.equal((await fetch(`${url}/api/profiles`)).status, 404)
  t.equal((await fetch(`${url}/api/profiles/active`, { method: 'PUT' })).status, 404)
})
