// What the paths of filters mean, and which are refused: see docs/config.md, Filters.
import t from 'tap'
import { resolveFilters } from '../lib/config/naming/filters.ts'
import { isProtected, parseParamPath } from '../lib/config/naming/param-path.ts'
import type { Problem } from '../lib/config/problem.ts'
import { diffConfigs } from '../lib/manager/config-diff.ts'
import { loadConfig } from '../lib/config/load.ts'
import { modelOf, yamlModel, yamlProblems, yamlWarnings } from './helper/config.ts'

type Short = string | number | { end: true } | { each: true } | { glob: string }

/** Segments as a reader writes them: a string for a key, a number for an index. */
function short (path: string, use: 'set' | 'strip' = 'set'): Short[] {
  return parseParamPath(path, use).segments.map((segment): Short => {
    if (segment.kind === 'index') return segment.index
    if (segment.kind === 'end') return { end: true }
    if (segment.kind === 'each') return { each: true }
    if (segment.kind === 'pattern') return { glob: segment.glob.map((part) => part.kind === 'letter' ? part.letter : `<${part.kind}>`).join('') }
    return segment.name
  })
}

for (const [path, segments] of [
  ['temperature', ['temperature']],
  ['a.b.c', ['a', 'b', 'c']],
  ['a\\.b.c', ['a.b', 'c']],
  ['\\a\\b', ['ab']],
  ['a\\\\.b', ['a\\', 'b']],
  ['a\\:b', ['a:b']],
  ['\\:a', [':a']],
  ['a:b', ['a:b']],
  ['::a', [':a']],
  ['a.0.b', ['a', 0, 'b']],
  ['a.007', ['a', 7]],
  ['a.\\0', ['a', 0]],
  ['0', [0]],
  ['a.-1', ['a', { end: true }]],
  ['a.-1.b', ['a', { end: true }, 'b']],
  ['a.:-1', ['a', '-1']],
  ['a.-2', ['a', '-2']],
  ['a.1.5', ['a', 1, 5]],
  ['a.1\\.5', ['a', '1.5']],
  ['a.:5', ['a', '5']],
  ['logit_bias.:50256', ['logit_bias', '50256']],
  ['a.10000', ['a', 10_000]],
  ['a.:', ['a', '']],
  [':', ['']],
  ['a.*', ['a', { glob: '<any>' }]],
  ['t?p_*', [{ glob: 't<one>p_<any>' }]],
  ['a\\*b', ['a*b']],
  ['a\\**', [{ glob: 'a*<any>' }]],
  ['a.#.b', ['a', { each: true }, 'b']],
  ['#.b', [{ each: true }, 'b']],
  ['a.\\#', ['a', '#']],
  ['a\\|b\\@c', ['a|b@c']],
  [' a b ', [' a b ']],
  ['😀.é', ['😀', 'é']],
  ['\\😀', ['😀']],
  ['!a.{b}.[c', ['!a', '{b}', '[c']],
  ['__proto__.constructor', ['__proto__', 'constructor']]
] satisfies Array<[string, Short[]]>) {
  t.test(`path ${path}`, async (t) => {
    t.strictSame(short(path), segments)
    const parsed = parseParamPath(path, 'set')
    t.equal(parsed.text, path)
    t.equal(parsed.onlyExisting, segments.some((segment) => typeof segment === 'object' && ('glob' in segment || 'each' in segment)))
    for (const part of [parsed, parsed.segments, ...parsed.segments]) t.ok(Object.isFrozen(part))
  })
}

for (const [path, use, words] of [
  ['', 'set', /the path is empty; name a field/],
  ['a..b', 'set', /nothing before, after or between dots; write ":"/],
  ['.a', 'strip', /nothing before, after or between dots/],
  ['a.', 'strip', /nothing before, after or between dots/],
  ['a\\', 'set', /ends with a backslash; write two/],
  ['a|b', 'set', /"\|" has no meaning here; write \\\| for the character itself/],
  ['a|b', 'strip', /"\|" has no meaning here/],
  ['@reverse', 'set', /"@" has no meaning here; write \\@/],
  ['a.@this', 'set', /"@" has no meaning here/],
  ['user@host', 'strip', /"@" has no meaning here; write \\@/],
  ['a.#(b=="c").d', 'set', /queries are not supported/],
  ['a.#(b>1)#.d', 'set', /queries are not supported/],
  ['a#b', 'set', /"#" has no meaning here; write \\#/],
  [':#', 'set', /"#" has no meaning here; write \\#/],
  ['##', 'set', /"#" has no meaning here; write \\#/],
  ['a.#', 'set', /"#" stands for the elements of a list/],
  ['#', 'set', /"#" stands for the elements of a list/],
  ['a.*', 'strip', /stripped by name only/],
  ['a?', 'strip', /stripped by name only/],
  ['a.#.b', 'strip', /stripped by name only/],
  ['a.10001', 'set', /"10001" is more than the largest index, 10000; write ":10001" if it is the key of an object/],
  ['a.99999999999999999999999', 'set', /is more than the largest index/],
  [Array(101).fill('a').join('.'), 'set', /more than 100 levels/]
] satisfies Array<[string, 'set' | 'strip', RegExp]>) {
  t.test(`refused to ${use}: ${path.slice(0, 30)}`, async (t) => { t.throws(() => parseParamPath(path, use), { message: words }) })
}

t.test('a long number is stripped as a key, or as an element that is not there', async (t) => {
  t.strictSame(short('logit_bias.50256', 'strip'), ['logit_bias', 50256])
})

t.test('whatever leads to the model\'s name is protected', async (t) => {
  for (const path of ['model', ':model', 'mod\\el', '\\m\\o\\d\\e\\l', ':\\model', 'model.x', 'model.0', 'model.#.x', 'model.*']) t.ok(isProtected(parseParamPath(path, 'set')), path)
  for (const path of ['models', 'a.model', 'Model', '::model', 'model\\.x', 'model ']) t.notOk(isProtected(parseParamPath(path, 'set')), path)
  for (const path of ['*', 'mod*', 'm?del', '*l', 'mode\\l*']) {
    const [segment] = parseParamPath(path, 'set').segments
    t.match(segment, { kind: 'pattern', except: 'model' }, path)
  }
  t.match(parseParamPath('a.mod*', 'set').segments[1], { kind: 'pattern', except: undefined })
})

t.test('filters: sorted, each once, with the text of the values', async (t) => {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const filters = resolveFilters({ stripParams: ' b, a.0 ,b,, a', setParams: { z: { y: [1, null] }, 'a.b': 'x"y', n: null }, setParamsByID: { q: { k: 1.5 }, none: null } }, ['models', 'a', 'filters'], problems, warnings)
  t.strictSame([problems, warnings], [[], []])
  t.strictSame(filters.stripParams, ['a', 'a.0', 'b'].map((name) => ({ name, path: parseParamPath(name, 'strip') })))
  t.strictSame(filters.setParams.map(({ name, json }) => [name, json]), [['a.b', '"x\\"y"'], ['n', 'null'], ['z', '{"y":[1,null]}']])
  t.strictSame([...filters.setParamsByID].map(([id, params]) => [id, params.map(({ name, json }) => [name, json])]), [['q', [['k', '1.5']]], ['none', []]])
  for (const part of [filters, filters.stripParams, filters.setParams, filters.setParamsByID.get('q'), ...filters.stripParams, ...filters.setParams]) t.ok(Object.isFrozen(part))
})

t.test('what is refused has its place, all at once', async (t) => {
  t.strictSame(await yamlProblems(yamlModel('filters:', "  stripParams: 'a.*, b, c|d'", '  setParams: {x.: 1, "y#z": 2, ok: 3}', '  setParamsByID:', '    q: {"t.10001": 1}')), [
    'c.yaml:5:7 models.a.filters.stripParams: "a.*": fields are stripped by name only; write each of them out, or \\*, \\? and \\# for the characters themselves',
    'c.yaml:5:7 models.a.filters.stripParams: "c|d": "|" has no meaning here; write \\| for the character itself',
    'c.yaml:6:19 models.a.filters.setParams.x.: "x.": there is nothing before, after or between dots; write ":" if the key is empty, or \\. for a dot in a key',
    'c.yaml:6:26 models.a.filters.setParams.y#z: "y#z": "#" has no meaning here; write \\# for the character itself',
    'c.yaml:8:13 models.a.filters.setParamsByID.q.t.10001: "t.10001": "10001" is more than the largest index, 10000; write ":10001" if it is the key of an object'
  ])
  t.match(await yamlProblems(yamlModel('filters: {strip_params: a*}')), [/^c\.yaml:4:15 models\.a\.filters\.strip_params: "a\*": fields are stripped by name only/])
  t.match(await yamlProblems('peers: {p: {proxy: "http://x", models: [m], filters: {setParams: {"@this": 1}}}}'), [/^c\.yaml:1:67 peers\.p\.filters\.setParams\.@this: "@this": "@" has no meaning here/])
})

t.test('what is refused is told even if the model cannot be started', async (t) => {
  t.match(await yamlProblems('models: {a: {cmd: " ", proxy: "http://h:1", filters: {setParams: {"a|b": 1}}}}'), [/cmd/, /a\|b/])
})

t.test('what leads to the model is left out with a warning', async (t) => {
  const yaml = yamlModel('filters:', "  stripParams: 'model, mod\\el, x'", '  setParams: {":model": 1, model.y: 2, z: 3}', '  setParamsByID: {q: {model: 1}}')
  const { filters } = await modelOf(yaml)
  t.strictSame([filters.stripParams, filters.setParams, filters.setParamsByID.get('q')!].map((params) => params.map(({ name }) => name)), [['x'], ['z'], []])
  const leads = 'leads to the name of the model, which no filter touches; left out'
  t.strictSame(await yamlWarnings(yaml), [
    `c.yaml:5:7 models.a.filters.stripParams: "mod\\el" ${leads}`,
    `c.yaml:5:7 models.a.filters.stripParams: "model" ${leads}`,
    `c.yaml:6:19 models.a.filters.setParams.:model: ":model" ${leads}`,
    `c.yaml:6:32 models.a.filters.setParams.model.y: "model.y" ${leads}`,
    `c.yaml:7:27 models.a.filters.setParamsByID.q.model: "model" ${leads}`
  ])
})

t.test('whole numbers that JavaScript rounds have a warning', async (t) => {
  const yaml = yamlModel('filters: {setParams: {seed: 18446744073709551615, b: {c: [-9007199254740993]}, ok: 9007199254740991, big: 1.0e+30, f: 0.1}}')
  t.strictSame(await yamlWarnings(yaml), [
    'c.yaml:4:55 models.a.filters.setParams.b: whole numbers beyond 9007199254740991 are rounded',
    'c.yaml:4:27 models.a.filters.setParams.seed: whole numbers beyond 9007199254740991 are rounded'
  ])
})

t.test('a reload with the same filters finds nothing changed', async (t) => {
  const models = async (value: number) => (await loadConfig({ models: { a: { cmd: 'x ${PORT}', filters: { stripParams: 'a.0', setParams: { 't*.#.b': [value], 'x.-1': 1 }, setParamsByID: { q: { y: value } } } } } })).config.models
  t.match(diffConfigs(await models(1), await models(1), () => false), { unchanged: ['a'] })
  t.match(diffConfigs(await models(1), await models(2), () => false), { updated: ['a'] })
})
