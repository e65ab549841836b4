import t from 'tap'
import { filterBody } from '../lib/body/filter-body.ts'
import type { FilterOptions } from '../lib/body/filter-body.ts'
import { resolveFilters } from '../lib/config/naming/filters.ts'
import type { Filters } from '../lib/config/naming/filters.ts'
import { loadConfig } from '../lib/config/load.ts'
import type { FiltersInput } from '../types/filters.ts'

const none = filtersOf({})

function filtersOf (input: FiltersInput): Filters {
  const problems: object[] = []
  const filters = resolveFilters(input, [], problems as never[], [])
  t.strictSame(problems, [])
  return filters
}

function filter (body: string, { filters = none, requested = 'm', rename }: Partial<FilterOptions>): string {
  return filterBody(Buffer.from(body), { filters, requested, rename }).toString()
}

t.test('nothing to do: the same Buffer', async (t) => {
  const bytes = Buffer.from('{"model":"m", "temperature":1}')
  t.equal(filterBody(bytes, { filters: none, requested: 'm', rename: undefined }), bytes)
  t.equal(filterBody(bytes, { filters: filtersOf({ stripParams: 'top_p, a.b, model', setParamsByID: { other: { x: 1 } }, setParams: { 'tool*.x': 1, 'messages.#.name': 'x' } }), requested: 'm' }), bytes)
  const no = Buffer.from('this is no JSON')
  t.equal(filterBody(no, { filters: none, requested: 'm' }), no)
})

t.test('strip, then set, then set for the name that was asked for', async (t) => {
  const filters = filtersOf({
    stripParams: 'top_p, temperature, a.c',
    setParams: { temperature: 0.7, 'a.b': 'set', seed: 1 },
    setParamsByID: { 'm:high': { seed: 2, reasoning_effort: 'high' }, 'm:low': { seed: 3 } }
  })
  const body = '{"model":"m:high","temperature":1,"top_p":0.5, "a":{"b":1,"c":2}}'
  t.equal(filter(body, { filters, requested: 'm:high' }), '{"model":"m:high","temperature":0.7, "a":{"b":"set"},"seed":2,"reasoning_effort":"high"}')
  t.equal(filter(body, { filters, requested: 'm:low' }), '{"model":"m:high","temperature":0.7, "a":{"b":"set"},"seed":3}')
  t.equal(filter(body, { filters, requested: 'm' }), '{"model":"m:high","temperature":0.7, "a":{"b":"set"},"seed":1}')
  t.equal(filter('{"a":{}}', { filters: filtersOf({ stripParams: 'a', setParams: { 'a.b': 1 } }) }), '{"a":{"b":1}}')
})

t.test('the model is renamed, properly escaped, and the rest left alone', async (t) => {
  t.equal(filter('{"x":{"model":"m"}, "model" : "m"}', { rename: 'org/Qwen "3"\\8B é😀\n' }), '{"x":{"model":"m"}, "model" : "org/Qwen \\"3\\"\\\\8B é😀\\n"}')
  t.equal(filter('{"\\u006dodel":"m","a":1}', { rename: 'n' }), '{"\\u006dodel":"n","a":1}')
  t.equal(filter('{"a":1}', { rename: 'n' }), '{"a":1,"model":"n"}')
  t.equal(filter('{"model":["m"]}', { rename: 'n' }), '{"model":"n"}')
})

t.test('no reader finds the old name, whichever of several fields it takes', async (t) => {
  for (const body of ['{"model":"m","x":1,"model":"m"}', '{"model":"m","\\u006dodel":"m","x":1}', '{"model":1,"x":1,"model":"m","model":null}']) {
    const edited = filter(body, { rename: 'n' })
    t.strictSame(JSON.parse(edited), { model: 'n', x: 1 })
    t.notMatch(edited, /"m"/)
    t.equal(edited.match(/odel"/g)!.length, 1)
  }
})

t.test('no filter changes the model, however it is spelled', async (t) => {
  for (const name of ['model', ':model', 'mod\\el', '\\model', 'model.x', 'model.0', 'model.-1', 'mod*', '*', '?????', '*l', 'm*.x', '*.#.x', 'model.#.x', 'mo\\del*']) {
    for (const body of ['{"model":"m"}', '{"\\u006dodel":"m"}', '{"model":"m","a":{}}', '{"model":{"x":1,"0":2}}', '{"model":[{"x":1}]}', '{"model":"m","model":"n"}']) {
      const kept = JSON.parse(body) as { model: unknown }
      for (const filters of [{ setParams: { [name]: 9 } }, { setParamsByID: { m: { [name]: 9 } } }, ...name.match(/[*?#]/) ? [] : [{ stripParams: name }, { stripParams: name, setParams: { [name]: 9 } }]]) {
        const edited = filter(body, { filters: filtersOf(filters) })
        t.strictSame((JSON.parse(edited) as { model: unknown }).model, kept.model, `${name}: ${body}`)
        t.equal(edited.match(/odel"/g)!.length, body.match(/odel"/g)!.length)
      }
    }
  }
  t.equal(filter('{"model":"m","models":1,"a":{"model":2}}', { filters: filtersOf({ stripParams: 'a.model', setParams: { 'model*': 3 } }), rename: 'n' }), '{"model":"n","models":3,"a":{}}')
})

t.test('what cannot be set is told with its name and why, without values', async (t) => {
  for (const [filters, body, message] of [
    [{ setParams: { ok: 1, 'messages.role': 'secret' } }, '{"messages":[{"x":"private"}]}', 'the parameter "messages.role" could not be set in the request: "messages" is a list there, and "role" is no index'],
    [{ setParamsByID: { m: { 'a.0.b': 'secret' } } }, '{"a":[["private"]]}', 'the parameter "a.0.b" could not be set in the request: "a.0" is a list there, and "b" is no index'],
    [{ setParams: { 'a.#.%s': 'secret' } }, `{"a":[${Array(100_001).fill('{"%s":1}').join(',')}]}`, 'the parameter "a.#.%s" could not be set in the request: it leads to more than 100000 places']
  ] satisfies Array<[FiltersInput, string, string]>) {
    t.throws(() => filter(body, { filters: filtersOf(filters) }), { code: 'FST_LS_BODY_EDIT', statusCode: 500, message })
  }
})

t.test('a body that is no JSON object, or not whole, is refused when there is something to do', async (t) => {
  for (const body of ['', 'x', '[]', '{"model":"m"', '{"model":"m"} x', '{"model":"m"]', '{"model":"m","x":[}']) {
    for (const options of [{ rename: 'n' }, { filters: filtersOf({ stripParams: 'a' }) }, { filters: filtersOf({ setParams: { a: 1 } }) }, { filters: filtersOf({ setParams: { 'a*': 1 } }) }]) {
      t.throws(() => filter(body, options), { code: 'FST_LS_BODY_NOT_JSON', statusCode: 400 }, body)
    }
  }
})

t.test('with the filters of a config', async (t) => {
  const { config } = await loadConfig({
    models: { m: { cmd: 'x ${PORT}', filters: { stripParams: 'temperature', setParamsByID: { '${MODEL_ID}:high': { 'chat_template_kwargs.enable_thinking': true } } } } },
    peers: { p: { proxy: 'http://x', models: ['q'], filters: { setParams: { 'provider.order.-1': 'x' } } } }
  })
  t.equal(filter('{"model":"m:high","temperature":1}', { filters: config.models.get('m')!.filters, requested: 'm:high', rename: 'M' }), '{"model":"M","chat_template_kwargs":{"enable_thinking":true}}')
  t.equal(filter('{"model":"q"}', { filters: config.peers.peers.get('p')!.filters, requested: 'q' }), '{"model":"q","provider":{"order":["x"]}}')
})
