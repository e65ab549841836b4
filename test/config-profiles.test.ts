import t from 'tap'
import { resolvePeers } from '../lib/config/naming/peers.ts'
import { resolveProfiles } from '../lib/config/naming/profiles.ts'
import type { ProfileInput } from '../types/profiles.ts'
import { lines, localNames } from './helper/resolution.ts'

const names = localNames(['a', 'b'], { al: 'a' })
const peers = resolvePeers({ p: { proxy: 'http://h', models: ['m', 'only'] }, q: { proxy: 'http://h', models: ['m'] } }, { names }).value
const resolve = (profiles: unknown) => resolveProfiles(profiles as Record<string, ProfileInput>, { names, peers, selectors: new Set(['s']) })
const pins = (pins: unknown) => resolve({ x: { pins } })

t.test('no profiles', async (t) => {
  t.strictSame(resolve(undefined), { value: new Map(), problems: [], warnings: [] })
})

t.test('a pin leads to a model, an alias, a peer\'s model, a selector or nowhere', async (t) => {
  const { value, problems } = resolve({ y: { description: ' fast ', pins: { a: 'b', foo: 'al', bar: 'q/m', baz: 'only', s: 'a', al: 's', off: '', gone: null, b: 'b' } }, x: { pins: { a: 'b' } } })
  t.strictSame(problems, [])
  t.strictSame([...value.keys()], ['x', 'y'])
  t.strictSame(value.get('x'), { id: 'x', description: '', pins: new Map([['a', 'b']]) })
  t.strictSame(value.get('y'), {
    id: 'y',
    description: 'fast',
    pins: new Map([['a', 'b'], ['foo', 'al'], ['bar', 'q/m'], ['baz', 'only'], ['s', 'a'], ['al', 's'], ['off', null], ['gone', null], ['b', 'b']])
  })
  t.ok(Object.isFrozen(value.get('y')))
})

const old = 'must be a mapping with "description" and "pins"; a list, the syntax of old, is no longer supported'
for (const [condition, resolution, problems] of [
  ['the list of old', resolve({ x: ['a', 'b'] }), [`profiles.x: ${old}`]],
  ['a text', resolve({ x: 'a' }), [`profiles.x: ${old}`]],
  ['nothing', resolve({ x: null }), [`profiles.x: ${old}`]],
  ['an empty name', resolve({ '': { pins: { a: 'b' } } }), ['profiles.: the name of a profile must not be empty']],
  ['a name of space', resolve({ ' ': { pins: { a: 'b' } } }), ['profiles. : the name of a profile must not be empty']],
  ['no pins', resolve({ x: {} }), ['profiles.x.pins: must hold at least one pin']],
  ['null for pins', pins(null), ['profiles.x.pins: must hold at least one pin']],
  ['empty pins', pins({}), ['profiles.x.pins: must hold at least one pin']],
  ['a pin without a name', pins({ '': 'a' }), ['profiles.x.pins.: the name of a pin must not be empty']],
  ['a pin of space', pins({ ' ': 'a' }), ['profiles.x.pins. : the name of a pin must not be empty']],
  ['an unknown model', pins({ a: 'zz', b: ' a ', c: ' ' }), ['profiles.x.pins.a: unknown model "zz"', 'profiles.x.pins.b: unknown model " a "', 'profiles.x.pins.c: unknown model " "']],
  ['a bare name that two peers have', pins({ a: 'm' }), ['profiles.x.pins.a: unknown model "m"']],
  ['another pin', pins({ foo: 'a', bar: 'foo' }), ['profiles.x.pins.bar: unknown model "foo"; pins do not lead to pins']],
  ['itself', pins({ foo: 'foo' }), ['profiles.x.pins.foo: unknown model "foo"; pins do not lead to pins']],
  ['a name that every object has', pins({ a: 'toString' }), ['profiles.x.pins.a: unknown model "toString"']]
] as const) {
  t.test(`refused: ${condition}`, async (t) => {
    t.strictSame(lines(resolution), problems)
    t.equal(resolution.value.size, 0)
  })
}

t.test('a pin that is also the name of a model may be a target: the model is meant', async (t) => {
  t.strictSame(lines(pins({ a: 'b', b: 'a' })), [])
})
