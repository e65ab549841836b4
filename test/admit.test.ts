import t from 'tap'
import type { Test } from 'tap'
import type { FastifyRequest } from 'fastify'
import type { AdmitAnswer, AdmitQuestion, ConfigInput } from '../index.ts'
import { startApp, until } from './helper/app.ts'
import type { Setup, TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'

type Admit = (request: FastifyRequest, question: AdmitQuestion) => AdmitAnswer | Promise<AdmitAnswer>

const json = { 'content-type': 'application/json' }

interface World extends TestApp {
  readonly server: EchoServer
  readonly asked: string[]
}

/** An app whose host writes down what it is asked. */
async function start (t: Test, admit: Admit, { config = {}, ...setup }: Setup & { config?: ConfigInput } = {}): Promise<World> {
  const server = await echoServer(t, 'up')
  const asked: string[] = []
  const app = await startApp(t, {
    models: {
      a: modelAt(server.origin, { aliases: ['alias', 'org/alias'], filters: { setParamsByID: { 'a:high': { effort: 'high' } } } }),
      b: modelAt(server.origin),
      secret: modelAt(server.origin, { aliases: ['known'] })
    },
    groups: { all: { swap: false, members: ['a', 'b', 'secret'] } },
    peers: { p: { proxy: server.origin, models: ['remote', 'org/far'] } },
    selectors: { any: { strategy: 'warm', targets: ['b', 'a'] }, far: { strategy: 'pin', targets: ['p/remote'] } },
    profiles: { work: { pins: { gpt: 'a', b: 'alias', sel: 'any', far2: 'remote' } } },
    ...config
  }, {
    admit: (request, question) => {
      asked.push(`${question.action} ${question.model}`)
      return admit(request, question)
    },
    ...setup
  })
  return { ...app, server, asked }
}

const statusOf = async (response: Promise<Response>): Promise<number> => {
  const { status, body } = await response
  await body?.cancel()
  return status
}

t.test('what the host answers, at once or as a promise', async (t) => {
  let answer: unknown
  const { chat, server, states } = await start(t, () => answer as AdmitAnswer)
  const refused: unknown[] = [false, undefined, null, 0, '', {}, { allow: false }, { allow: undefined }, { allow: 'yes' }, { priority: 1 }, 'true', 1, [], Promise.resolve(false), Promise.resolve(undefined), Promise.resolve({ allow: false })]
  for (const one of refused) {
    answer = one
    const response = await chat('a')
    t.equal(response.status, 403, String(one))
    t.match(await response.json(), { src: 'llama-swap', error: { type: 'authentication_error', code: 'model_forbidden', message: 'the model "a" is not open to this request' } }, String(one))
  }
  t.equal(server.seen.length, 0)
  t.strictSame(states, [], 'nothing is started for who may not have it')
  for (const one of [true, { allow: true }, { allow: true, priority: 0, deadline: 5000 }, { allow: true, priority: undefined }, Promise.resolve(true), Promise.resolve({ allow: true, priority: -1 })]) {
    answer = one
    t.equal(await statusOf(chat('a')), 200, JSON.stringify(one))
  }
})

t.test('a refusal looks as the route\'s protocol has it', async (t) => {
  const { url } = await start(t, () => false)
  const response = await fetch(`${url}/v1/messages`, { method: 'POST', headers: json, body: '{"model":"a"}' })
  t.equal(response.status, 403)
  t.strictSame(await response.json(), { type: 'error', error: { type: 'permission_error', message: 'the model "a" is not open to this request' } })
})

t.test('what it throws goes to the host\'s error handler, whatever it is asked', async (t) => {
  const failures: Admit[] = [() => { throw new Error('no database') }, () => Promise.reject(new Error('no database'))]
  for (const admit of failures) {
    const { url, chat, server } = await start(t, admit, {
      routes: { admin: true, upstream: true },
      prepare: (app) => { app.setErrorHandler((error, _request, reply) => { reply.code(418).send(`host: ${(error as Error).message}`) }) }
    })
    for (const response of [
      chat('a'), fetch(`${url}/v1/models`), fetch(`${url}/v1/models/a`), fetch(`${url}/upstream/a/x`), fetch(`${url}/api/models/unload`, { method: 'POST' }), fetch(`${url}/api/models/unload/a`, { method: 'POST' })
    ]) {
      t.equal((await response).status, 418)
      t.equal(await (await response).text(), 'host: no database')
    }
    t.equal(server.seen.length, 0)
  }
})

t.test('terms that are none are the host\'s mistake', async (t) => {
  let answer: unknown
  const { chat } = await start(t, () => answer as AdmitAnswer)
  for (const one of [{ allow: true, priority: 'high' }, { allow: true, deadline: NaN }, Promise.resolve({ allow: true, deadline: '5s' })]) {
    answer = one
    const response = await chat('a')
    t.equal(response.status, 500)
    t.match(await response.json(), { message: /admit\(\) has answered is no number/ })
  }
})

t.test('a host that is no good at answers: what else it says changes nothing', async (t) => {
  const { chat, server } = await start(t, () => ({ allow: true, path: '/evil', target: { model: 'secret' }, body: 'x' }) as AdmitAnswer)
  t.match(await (await chat('a')).json(), { url: '/v1/chat/completions' })
  t.match(server.seen[0], { body: /"model":"a"/ })
})

t.test('asked for the model, whatever name the client uses and wherever it is', async (t) => {
  const { app, url, asked } = await start(t, () => true, { routes: { upstream: true } })
  const form = (model: string): FormData => {
    const data = new FormData()
    data.set('model', model)
    return data
  }
  const ways: Array<(name: string) => Promise<Response>> = [
    (name) => fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: json, body: JSON.stringify({ model: name }) }),
    (name) => fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form(name) }),
    (name) => fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: new URLSearchParams({ model: name }) }),
    (name) => fetch(`${url}/props?model=${encodeURIComponent(name)}`)
  ]
  const names: Array<[name: string, model: string]> = [
    ['a', 'a'], ['alias', 'a'], ['org/alias', 'a'], ['a:high', 'a'], ['remote', 'p/remote'], ['p/remote', 'p/remote'], ['org/far', 'p/org/far'], ['p/org/far', 'p/org/far'], ['far', 'p/remote']
  ]
  const check = async (name: string, model: string): Promise<void> => {
    for (const way of ways) {
      t.equal(await statusOf(way(name)), 200, name)
      t.strictSame(asked.splice(0), [`request ${model}`], name)
    }
  }
  for (const [name, model] of names) await check(name, model)
  for (const [name, model] of names.filter(([name]) => name !== 'far')) {
    t.equal(await statusOf(fetch(`${url}/upstream/${name}/x`)), 200, name)
    t.strictSame(asked.splice(0), [`request ${model}`], name)
  }
  await app.llamaSwap.unload()
  await check('any', 'b')
  app.llamaSwap.useProfile('work')
  for (const [name, model] of [['gpt', 'a'], ['b', 'a'], ['far2', 'p/remote'], ['sel', 'b']] as const) await check(name, model)
  t.equal(await statusOf(fetch(`${url}/upstream/gpt/x`)), 200)
  t.strictSame(asked, ['request a'])
})

t.test('not asked for what is not there, nor by the host\'s own code and routes', async (t) => {
  const { app, url, chat, asked } = await start(t, () => false, { prepare: (app) => { app.post('/own', (request, reply) => app.llamaSwap.handler('a', { path: '/x' }).call(app, request, reply)) } })
  t.equal(await statusOf(chat('nope')), 404)
  t.equal(await statusOf(fetch(`${url}/upstream/nope/x`)), 404)
  t.equal(await statusOf(fetch(`${url}/upstream/a/not/inference`)), 404)
  t.equal(await statusOf(fetch(`${url}/own`, { method: 'POST' })), 200)
  ;(await app.llamaSwap.acquire('a')).release()
  await (await app.llamaSwap.fetch('a', '/x')).text()
  await app.llamaSwap.unload('a')
  t.strictSame(asked, [])
})

t.test('each action for itself', async (t) => {
  const may = new Set<string>()
  const { app, url, chat } = await start(t, (_request, { action, model }) => may.has(action) && model !== 'secret', { routes: { admin: true, upstream: true, compat: true } })
  const listed = async (): Promise<string[]> => ((await (await fetch(`${url}/v1/models`)).json()) as { data: Array<{ id: string }> }).data.map(({ id }) => id)
  const unload = (name = ''): Promise<number> => statusOf(fetch(`${url}/api/models/unload${name}`, { method: 'POST' }))
  const state = (model: string): string => app.llamaSwap.status().models.find((one) => one.model === model)!.state

  t.strictSame(await listed(), [])
  t.equal(await statusOf(fetch(`${url}/v1/models/a`)), 404, 'what is hidden is unknown')
  t.equal(await statusOf(chat('a')), 403)
  await app.llamaSwap.load('a')
  t.equal(await unload('/a'), 403)
  t.equal(state('a'), 'ready')

  may.add('list')
  t.strictSame(await listed(), ['a', 'any', 'b', 'far', 'p/org/far', 'p/remote'])
  t.equal(await statusOf(fetch(`${url}/v1/models/a`)), 200)
  t.equal(await statusOf(fetch(`${url}/v1/models/alias`)), 200)
  for (const name of ['secret', 'known']) t.equal(await statusOf(fetch(`${url}/v1/models/${name}`)), 404, name)
  t.equal(await statusOf(chat('a')), 403)
  t.equal(await unload('/a'), 403)

  may.add('request')
  t.equal(await statusOf(chat('a')), 200)
  for (const name of ['secret', 'known']) t.equal(await statusOf(chat(name)), 403, name)
  t.equal(await statusOf(fetch(`${url}/upstream/a/x`)), 200)
  t.equal(await statusOf(fetch(`${url}/upstream/known/x`)), 403)
  t.equal(await unload('/a'), 403)

  may.add('unload')
  t.equal(await unload('/alias'), 200)
  t.equal(state('a'), 'stopped')
  await app.llamaSwap.load('a')
  await app.llamaSwap.load('secret')
  t.equal(await unload(), 403, 'all are stopped by who may stop all')
  t.equal(await statusOf(fetch(`${url}/unload`)), 403)
  t.strictSame([state('a'), state('secret')], ['ready', 'ready'])
  t.equal(await unload('/known'), 403)
})

t.test('the list asks for each model, selector and peer\'s model by the name that it will ask for', async (t) => {
  const { app, url, asked } = await start(t, () => true, { config: { includeAliasesInList: true } })
  await (await fetch(`${url}/v1/models`)).text()
  t.strictSame(asked.splice(0).sort(), ['a', 'a', 'a', 'a', 'any', 'b', 'far', 'p/org/far', 'p/remote', 'secret', 'secret'].map((model) => `list ${model}`))
  app.llamaSwap.useProfile('work')
  await (await fetch(`${url}/v1/models/gpt`)).text()
  t.strictSame(asked, ['list a'], 'a pin stands for what it leads to')
})

t.test('who is asked sees the request as the host\'s hooks have left it', async (t) => {
  const { chat } = await start(t, (request) => (request as FastifyRequest & { user?: string }).user === 'me', {
    prepare (app) {
      app.decorateRequest('user', undefined)
      app.addHook('onRequest', async (request) => { (request as FastifyRequest & { user?: unknown }).user = request.headers['x-user'] })
    }
  })
  t.equal(await statusOf(chat('a')), 403)
  t.equal(await statusOf(chat('a', {}, { headers: { ...json, 'x-user': 'me' } })), 200)
})

t.test('a higher priority overtakes', async (t) => {
  const { app, chat, states } = await start(t, (request) => ({ allow: true, priority: Number(request.headers['x-priority'] ?? 0) }), { config: { groups: {} } })
  const lease = await app.llamaSwap.acquire('a')
  const waiting = (): number => app.llamaSwap.status().models.reduce((sum, { waiting }) => sum + waiting, 0)
  const low = chat('b')
  await until(() => waiting() === 1)
  const high = chat('secret', {}, { headers: { ...json, 'x-priority': '5' } })
  await until(() => waiting() === 2)
  lease.release()
  t.strictSame(await Promise.all([statusOf(low), statusOf(high)]), [200, 200])
  t.strictSame(states.filter((state) => state.endsWith('starting>ready')), ['a starting>ready', 'secret starting>ready', 'b starting>ready'])
})

t.test('a deadline passes: 504, and the request is gone from the queue', async (t) => {
  for (const isLate of [false, true]) {
    const { app, chat, server } = await start(t, (_request, { model }) => {
      const answer = { allow: true, ...(model === 'b' && { deadline: 50 }) }
      return isLate ? Promise.resolve(answer) : answer
    }, { config: { groups: {} } })
    const lease = await app.llamaSwap.acquire('a')
    const response = await chat('b')
    t.equal(response.status, 504)
    t.match(await response.json(), { error: { code: 'deadline', message: /deadline passed.*"b"/ } })
    t.equal(app.llamaSwap.status().models.find(({ model }) => model === 'b')!.waiting, 0)
    t.equal(server.seen.length, 0)
    lease.release()
    await app.llamaSwap.load('b')
    t.equal(await statusOf(chat('b')), 200, 'a server that is ready need not be waited for')
  }
})

t.test('a client that leaves while the host thinks takes nothing with it', async (t) => {
  const answers: Array<(yes: boolean) => void> = []
  let left = false
  const { chat, server, states } = await start(t, () => new Promise<boolean>((resolve) => answers.push(resolve)), {
    prepare: (app) => { app.addHook('onRequest', async (_request, reply) => { reply.raw.once('close', () => { left = true }) }) }
  })
  const client = new AbortController()
  const response = chat('a', {}, { signal: client.signal })
  await until(() => answers.length === 1)
  client.abort()
  await t.rejects(response, { name: 'AbortError' })
  await until(() => left)
  answers[0]!(true)
  const next = chat('b')
  await until(() => answers.length === 2)
  answers[1]!(true)
  t.equal(await statusOf(next), 200)
  t.strictSame(states, ['b stopped>starting', 'b starting>ready'])
  t.strictSame(server.seen.map(({ body }) => (JSON.parse(body) as { model: string }).model), ['b'])
})

t.test('a reload while the host thinks: what is gone is unknown', async (t) => {
  const answers: Array<(yes: boolean) => void> = []
  const { app, url, chat } = await start(t, () => new Promise<boolean>((resolve) => answers.push(resolve)), { routes: { upstream: true } })
  const waiting = [chat('a'), chat('p/remote'), chat('remote'), fetch(`${url}/upstream/a/x`), fetch(`${url}/upstream/p/remote/x`), fetch(`${url}/props?model=p/remote`)]
  await until(() => answers.length === waiting.length)
  await app.llamaSwap.reload({ models: { other: modelAt('http://127.0.0.1:1') } })
  for (const answer of answers) answer(true)
  for (const response of waiting) {
    t.equal((await response).status, 404)
    t.match(await (await response).json(), { error: { code: 'model_not_found' } })
  }
})

t.test('a place that a selector gives is kept while the host thinks', async (t) => {
  const answers: Array<(yes: boolean) => void> = []
  const servers = [await echoServer(t, 'one'), await echoServer(t, 'two')]
  const { chat, asked } = await start(t, () => new Promise<boolean>((resolve) => answers.push(resolve)), {
    config: {
      models: Object.fromEntries(servers.map(({ name, origin }) => [name, modelAt(origin)])),
      groups: { all: { swap: false, members: ['one', 'two'] } },
      selectors: { both: { strategy: 'spillover', targets: ['one', 'two'] } },
      profiles: {},
      peers: {}
    }
  })
  const serve = async (yes: boolean): Promise<number[]> => {
    const waiting = [chat('both'), chat('both')]
    await until(() => answers.length === 2)
    for (const answer of answers.splice(0)) answer(yes)
    return Promise.all(waiting.map(statusOf))
  }
  t.strictSame(await serve(false), [403, 403])
  t.strictSame(asked.splice(0).sort(), ['request one', 'request two'])
  t.strictSame(await serve(true), [200, 200])
  t.strictSame(asked.splice(0).sort(), ['request one', 'request two'], 'those that were refused have left')
  t.strictSame(servers.map(({ seen }) => seen.length), [1, 1])
  t.strictSame(await serve(true), [200, 200])
  t.strictSame(asked.sort(), ['request one', 'request two'], 'those that were served have left')
})
