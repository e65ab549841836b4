import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { CapabilitiesInput, ConfigInput } from '../index.ts'
import { startApp, until } from './helper/app.ts'
import type { Setup, TestApp } from './helper/app.ts'
import { modelAt } from './helper/echo-server.ts'

type Record_ = Record<string, unknown> & { id: string }

const NOWHERE = 'http://127.0.0.1:1'

interface World extends TestApp {
  list (path?: string): Promise<Record_[]>
  one (name: string): Promise<Record_ | number>
}

async function start (t: Test, config: ConfigInput, setup: Setup = {}): Promise<World> {
  const test = await startApp(t, config, setup)
  return {
    ...test,
    list: async (path = '/v1/models') => ((await (await fetch(test.url + path)).json()) as { data: Record_[] }).data,
    async one (name) {
      const response = await fetch(`${test.url}/v1/models/${name}`)
      return response.status === 200 ? await response.json() as Record_ : response.status
    }
  }
}

/** A record as it should be, with what is always the same. */
const entry = (id: string, more: object = {}): object => ({ id, object: 'model', created: Number, owned_by: 'llama-swap', status: { value: 'unloaded' }, ...more })

/** Strictly the same but for the time, which is left out. */
function same (t: Test, found: unknown, expected: object, what: string): void {
  const { created, ...rest } = found as Record<string, unknown>
  t.type(created, 'number', what)
  const { created: _created, ...wanted } = expected as Record<string, unknown>
  t.strictSame(rest, wanted, what)
}

t.test('models, sorted by id, with what the config says of them', async (t) => {
  const { url, list } = await start(t, {
    models: {
      b: modelAt(NOWHERE),
      a: modelAt(NOWHERE, { name: ' Model A ', description: ' the first ', aliases: ['alias'], metadata: { size: 7, type: 'mine', nested: { list: [1, null, { x: true }] } }, filters: { setParamsByID: { 'a:high': { x: 1 } } } }),
      B: modelAt(NOWHERE),
      'org/model': modelAt(NOWHERE),
      hidden: modelAt(NOWHERE, { unlisted: true, aliases: ['hidden-alias'] }),
      é: modelAt(NOWHERE, { metadata: {} })
    }
  })
  for (const path of ['/v1/models', '/models']) {
    const response = await fetch(url + path)
    t.match(response.headers.get('content-type'), /^application\/json/)
    t.match(await response.json(), { object: 'list' })
    const data = await list(path)
    t.strictSame(data.map(({ id }) => id), ['B', 'a', 'b', 'org/model', 'é'])
    same(t, data[0], entry('B', { meta: { llamaswap: { type: 'model' } } }), 'nothing said')
    same(t, data[1], entry('a', {
      name: 'Model A', description: 'the first', meta: { llamaswap: { size: 7, type: 'model', nested: { list: [1, null, { x: true }] }, aliases: ['alias', 'a:high'] } }
    }), 'all said')
  }
  t.strictSame(Object.keys((await list())[1]!), ['id', 'object', 'created', 'owned_by', 'name', 'description', 'meta', 'status'], 'in this order')
})

t.test('aliases, where they are wanted', async (t) => {
  const config: ConfigInput = {
    includeAliasesInList: true,
    models: {
      a: modelAt(NOWHERE, { name: 'A', description: 'd', aliases: ['z', 'b'], metadata: { x: 1, modelID: 'mine' }, filters: { setParamsByID: { 'a:high': { x: 1 } } } }),
      b: modelAt(NOWHERE),
      hidden: modelAt(NOWHERE, { unlisted: true, aliases: ['hidden-alias'] })
    }
  }
  const { list } = await start(t, config)
  const data = await list()
  t.strictSame(data.map(({ id }) => id), ['a', 'a:high', 'b', 'z'])
  same(t, data[3], entry('z', { name: 'A', description: 'd', meta: { llamaswap: { x: 1, type: 'alias', modelID: 'a' } } }), 'an alias')
  same(t, data[2], entry('b', { meta: { llamaswap: { type: 'model' } } }), 'an id goes before an alias of another model')
})

const capabilities: Array<[what: string, given: CapabilitiesInput, expected: object]> = [
  ['none', { in: [], out: [], tools: false, context: 0 }, {}],
  ['text to text', { in: ['text'], out: ['text'] }, { architecture: { input_modalities: ['text'], output_modalities: ['text'], modality: 'text->text' } }],
  ['all in, all out', { in: ['text', 'audio', 'image'], out: ['image', 'text', 'audio'] }, {
    architecture: { input_modalities: ['text', 'audio', 'image'], output_modalities: ['image', 'text', 'audio'], modality: 'text+audio+image->image+text+audio' },
    capabilities: { vision: true, audio_transcriptions: true, audio_speech: true, image_generation: true, image_to_image: true }
  }],
  ['vision', { in: ['text', 'image'], out: ['text'] }, { architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'], modality: 'text+image->text' }, capabilities: { vision: true } }],
  ['transcription', { in: ['audio'], out: ['text'] }, { architecture: { input_modalities: ['audio'], output_modalities: ['text'], modality: 'audio->text' }, capabilities: { audio_transcriptions: true } }],
  ['speech', { in: ['text'], out: ['audio'] }, { architecture: { input_modalities: ['text'], output_modalities: ['audio'], modality: 'text->audio' }, capabilities: { audio_speech: true } }],
  ['image generation', { in: ['text'], out: ['image'] }, { architecture: { input_modalities: ['text'], output_modalities: ['image'], modality: 'text->image' }, capabilities: { image_generation: true } }],
  ['image to image', { in: ['image'], out: ['image'] }, { architecture: { input_modalities: ['image'], output_modalities: ['image'], modality: 'image->image' }, capabilities: { vision: true, image_to_image: true } }],
  ['in only', { in: ['text'] }, { architecture: { input_modalities: ['text'] } }],
  ['out only', { out: ['text'] }, { architecture: { output_modalities: ['text'] } }],
  ['tools', { tools: true }, { capabilities: { function_calling: true }, supported_parameters: ['tools', 'tool_choice'] }],
  ['reranker', { reranker: true }, { capabilities: { reranker: true } }],
  ['context', { context: 8192 }, { context_length: 8192, meta: { llamaswap: {}, n_ctx: 8192 } }]
]

t.test('capabilities', async (t) => {
  const { list } = await start(t, { models: Object.fromEntries(capabilities.map(([what, given]) => [what, modelAt(NOWHERE, { capabilities: given })])) })
  const data = await list()
  for (const [what, , expected] of capabilities) {
    const { meta = {}, ...rest } = expected as { meta?: object }
    same(t, data.find(({ id }) => id === what), entry(what, { ...rest, meta: { ...meta, llamaswap: { type: 'model' } } }), what)
  }
})

t.test('what capabilities say goes before the same in metadata; without any, metadata stays', async (t) => {
  const metadata = { architecture: 'mine', capabilities: ['mine'], supported_parameters: [], context_length: 5, kept: 1 }
  const { list } = await start(t, { models: { a: modelAt(NOWHERE, { metadata, capabilities: { tools: true } }), b: modelAt(NOWHERE, { metadata }), c: modelAt(NOWHERE, { metadata, capabilities: { tools: false } }) } })
  t.match((await list()).map(({ meta }) => meta), [{ llamaswap: { kept: 1, type: 'model' } }, { llamaswap: { ...metadata, type: 'model' } }, { llamaswap: { ...metadata, type: 'model' } }])
  t.notHas((await list())[0]!['meta'], { llamaswap: { architecture: String } })
})

t.test('selectors', async (t) => {
  const { app, list } = await start(t, {
    models: { a: modelAt(NOWHERE, { aliases: ['alias'] }), b: modelAt(NOWHERE) },
    groups: { all: { swap: false, members: ['a', 'b'] } },
    peers: { p: { proxy: NOWHERE, models: ['remote'] } },
    selectors: {
      pinned: { strategy: 'pin', targets: ['b', 'a', 'p/remote'], name: ' Pinned ', description: ' d ', metadata: { x: 1, strategy: 'mine' } },
      warm: { strategy: 'warm', targets: ['alias', 'b'] },
      spill: { strategy: 'spillover', targets: ['a', 'p/remote'], settings: { spillover: 3 } },
      far: { strategy: 'pin', targets: ['remote'] },
      hidden: { strategy: 'pin', targets: ['a'], unlisted: true }
    }
  })
  const of = async (id: string): Promise<Record_> => (await list()).find((one) => one.id === id)!
  t.strictSame((await list()).map(({ id }) => id), ['a', 'b', 'far', 'p/remote', 'pinned', 'spill', 'warm'])
  same(t, await of('pinned'), entry('pinned', { name: 'Pinned', description: 'd', meta: { llamaswap: { x: 1, type: 'selector', strategy: 'pin', targets: ['b', 'a', 'p/remote'] } } }), 'pin')
  same(t, await of('warm'), entry('warm', { meta: { llamaswap: { type: 'selector', strategy: 'warm', targets: ['alias', 'b'] } } }), 'warm')
  same(t, await of('spill'), entry('spill', { meta: { llamaswap: { type: 'selector', strategy: 'spillover', targets: ['a', 'p/remote'], spillover: 3 } } }), 'spillover')
  const loaded = async (): Promise<string[]> => (await list()).filter(({ status }) => (status as { value: string }).value === 'loaded').map(({ id }) => id)
  t.strictSame(await loaded(), [])
  await app.llamaSwap.load('a')
  t.strictSame(await loaded(), ['a', 'spill', 'warm'], 'of a pin only the first target counts')
  await app.llamaSwap.load('b')
  await app.llamaSwap.unload('a')
  t.strictSame(await loaded(), ['b', 'pinned', 'warm'])
})

t.test('loaded is what is not stopped', async (t) => {
  const { app, list, one } = await start(t, { models: { a: { cmd: upstreamCommand({ loadMs: 300, termDelayMs: 300 }), aliases: ['alias'], unloadTimeout: 5 } }, includeAliasesInList: true })
  const values = async (): Promise<unknown[]> => (await list()).map(({ status }) => (status as { value: string }).value)
  const state = (): string => app.llamaSwap.status().models[0]!.state
  t.strictSame(await values(), ['unloaded', 'unloaded'])
  const loading = app.llamaSwap.load('a')
  await until(() => state() === 'starting')
  t.strictSame(await values(), ['loaded', 'loaded'])
  await loading
  t.strictSame(await values(), ['loaded', 'loaded'], 'an alias is as its model')
  t.match(await one('alias'), { status: { value: 'loaded' } })
  const unloading = app.llamaSwap.unload('a')
  await until(() => state() === 'stopping')
  t.strictSame(await values(), ['loaded', 'loaded'])
  await unloading
  t.strictSame(await values(), ['unloaded', 'unloaded'])
})

t.test('one model, by any of its names', async (t) => {
  const names = ['a', 'alias', 'org/model', 'org/sub/model', 'with space', '100%', 'a%2Fb', 'a?b#c', 'é', '模型', 'a+b', 'a:high', '..', 'a\\b', '__proto__', 'constructor', '"', 'x;y=z']
  const { one, list } = await start(t, {
    models: {
      a: modelAt(NOWHERE, { aliases: ['alias'], filters: { setParamsByID: { 'a:high': { x: 1 } } } }),
      ...Object.fromEntries(names.filter((name) => !['a', 'alias', 'a:high', '__proto__'].includes(name)).map((name) => [name, modelAt(NOWHERE)])),
      ['__proto__']: modelAt(NOWHERE),
      hidden: modelAt(NOWHERE, { unlisted: true })
    }
  })
  for (const name of names.filter((name) => name !== '..')) {
    t.match(await one(encodeURIComponent(name)), { id: name, object: 'model' }, `${name}, encoded`)
    t.equal(JSON.stringify(await one(encodeURIComponent(name))), JSON.stringify((await list()).find(({ id }) => id === name) ?? await one(name)), 'as in the list')
  }
  for (const name of ['org/model', 'org/sub/model', 'a+b', 'a:high', 'x;y=z']) t.match(await one(name), { id: name }, `${name}, as it is`)
  t.match(await one('a?x=1'), { id: 'a' })
  t.match(await one('hidden'), { id: 'hidden' }, 'unlisted ones too')
  for (const name of ['nope', 'org', 'org/', 'org/model/', 'a/', 'A', 'a%20', '%2Fa', 'org%252Fmodel', '']) t.equal(await one(name), 404, name)
})

t.test('what is not there: 404, in words', async (t) => {
  const { url } = await start(t, {})
  const response = await fetch(`${url}/v1/models/org/${'x'.repeat(1000)}`)
  t.equal(response.status, 404)
  t.match(await response.json(), { src: 'llama-swap', error: { code: 'model_not_found', message: new RegExp(`no router for requested model "org/${'x'.repeat(196)}"`) } })
  t.strictSame(await (await fetch(`${url}/v1/models`)).json(), { object: 'list', data: [] })
})

t.test('a reload changes the list', async (t) => {
  const { app, list, one } = await start(t, { models: { a: modelAt(NOWHERE) } })
  await app.llamaSwap.reload({ models: { b: modelAt(NOWHERE, { name: 'B' }) } })
  t.match(await list(), [{ id: 'b', name: 'B' }])
  t.equal(await one('a'), 404)
})
