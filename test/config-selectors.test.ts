import t from 'tap'
import { resolvePeers } from '../lib/config/naming/peers.ts'
import { resolveSelectors } from '../lib/config/naming/selectors.ts'
import { resolveRouter } from '../lib/config/routing/router.ts'
import type { RouterSources } from '../lib/config/routing/router.ts'
import type { SelectorInput } from '../types/selectors.ts'
import { lines, localNames } from './helper/resolution.ts'

const names = localNames(['a', 'b', 'c'], { al: 'a', 'a:hi': 'a' })
const peers = resolvePeers({ p: { proxy: 'http://h', models: ['m', 'only', 'a'] }, q: { proxy: 'http://h', models: ['m'] } }, { names }).value
const apart = { groups: { g: { swap: false, members: ['a', 'b'] } } }
function resolve (selectors: unknown, sources: RouterSources | undefined = apart) {
  return resolveSelectors(selectors as Record<string, SelectorInput>, { names, peers, router: resolveRouter(sources, names).value })
}
const pin = (targets: string[], more = {}): SelectorInput => ({ strategy: 'pin', targets, ...more })
const spillover = (targets: string[], more = {}): SelectorInput => ({ strategy: 'spillover', targets, ...more })

t.test('no selectors', async (t) => {
  t.strictSame(resolve(undefined), { value: new Map(), problems: [], warnings: [] })
})

t.test('a selector and its defaults', async (t) => {
  const { value, problems } = resolve({ s: pin(['a']) })
  t.strictSame(problems, [])
  t.strictSame(value.get('s'), { id: 's', strategy: 'pin', targets: [{ kind: 'local', name: 'a', model: 'a' }], spillover: 1, name: '', description: '', unlisted: false, metadata: undefined })
  t.ok(Object.isFrozen(value.get('s')) && Object.isFrozen(value.get('s')!.targets) && Object.isFrozen(value.get('s')!.targets[0]))
})

t.test('what a selector says is kept, and targets by the name given', async (t) => {
  const { value, problems } = resolve({ s: spillover(['a:hi', 'b', 'q/m', 'only'], { settings: { spillover: 4 }, name: ' S ', description: ' d\n', unlisted: true, metadata: { x: [1] } }) })
  t.strictSame(problems, [])
  t.strictSame(value.get('s'), {
    id: 's',
    strategy: 'spillover',
    targets: [
      { kind: 'local', name: 'a:hi', model: 'a' },
      { kind: 'local', name: 'b', model: 'b' },
      { kind: 'peer', name: 'q/m', peer: 'q', model: 'm' },
      { kind: 'peer', name: 'only', peer: 'p', model: 'only' }
    ],
    spillover: 4,
    name: 'S',
    description: 'd',
    unlisted: true,
    metadata: { x: [1] }
  })
})

for (const [condition, selectors] of [
  ['warm with local models', { s: { strategy: 'warm', targets: ['a', 'b'] } }],
  ['pin with a peer\'s model', { s: pin(['p/m']) }],
  ['pin with a unique bare name of a peer\'s', { s: pin(['only']) }],
  ['spillover over local and peer', { s: spillover(['a', 'p/m']) }],
  ['spillover over one model of two peers', { s: spillover(['p/m', 'q/m']) }],
  ['spillover over a model and a peer\'s of that name', { s: spillover(['a', 'p/a']) }],
  ['one model twice, but for spillover', { s: pin(['a', 'al', 'a']), w: { strategy: 'warm', targets: ['a', 'al'] } }],
  ['a bad spillover setting, but for spillover', { s: pin(['a'], { settings: { spillover: 0 } }) }],
  ['empty settings', { s: spillover(['a'], { settings: {} }), r: spillover(['a'], { settings: null }) }],
  ['the name of a bare peer model', { only: pin(['a']) }]
] satisfies Array<[string, unknown]>) {
  t.test(`accepted: ${condition}`, async (t) => {
    t.strictSame(lines(resolve(selectors)), [])
    t.equal(resolve(selectors).value.size, Object.keys(selectors).length)
  })
}

const strategies = '(valid: warm, pin, spillover)'
for (const [condition, selectors, problems] of [
  ['an empty name', { '': pin(['a']) }, ['selectors.: the name of a selector must not be empty']],
  ['a name of space', { ' ': pin(['a']) }, ['selectors. : the name of a selector must not be empty']],
  ['the name of a model', { b: pin(['a']) }, ['selectors.b: the name conflicts with the model "b"']],
  ['the name of an alias', { al: pin(['b']) }, ['selectors.al: the name conflicts with an alias of the model "a"']],
  ['no strategy', { s: { targets: ['a'] } }, [`selectors.s.strategy: is required ${strategies}`]],
  ['an empty strategy', { s: { strategy: '', targets: ['a'] } }, [`selectors.s.strategy: is required ${strategies}`]],
  ['an unknown strategy', { s: { strategy: 'Pin', targets: ['a'] } }, [`selectors.s.strategy: unknown strategy "Pin" ${strategies}`]],
  ['no targets', { s: { strategy: 'pin' } }, ['selectors.s.targets: must name at least one model']],
  ['an empty list of targets', { s: pin([]) }, ['selectors.s.targets: must name at least one model']],
  ['a selector as a target', { s: pin(['a', 't']), t: pin(['a']) }, ['selectors.s.targets.1: "t" is a selector; selectors cannot be chained']],
  ['itself as a target', { s: pin(['s']) }, ['selectors.s.targets.0: "s" is a selector; selectors cannot be chained']],
  ['an unknown target', { s: pin(['a', 'zz', ' a ', '']) }, ['selectors.s.targets.1: unknown model "zz"', 'selectors.s.targets.2: unknown model " a "', 'selectors.s.targets.3: unknown model ""']],
  ['a bare name that two peers have', { s: pin(['m']) }, ['selectors.s.targets.0: unknown model "m"']],
  ['warm with a peer\'s model', { s: { strategy: 'warm', targets: ['a', 'p/m', 'only'] } }, ['selectors.s.targets.1: "p/m" is a peer\'s; the targets of "warm" must be local models', 'selectors.s.targets.2: "only" is a peer\'s; the targets of "warm" must be local models']],
  ['a spillover of 0', { s: spillover(['a'], { settings: { spillover: 0 } }) }, ['selectors.s.settings.spillover: must be at least 1']],
  ['a negative spillover', { s: spillover(['a'], { settings: { spillover: -1 } }) }, ['selectors.s.settings.spillover: must be at least 1']],
  ['spillover over one model twice', { s: spillover(['a', 'a']) }, ['selectors.s.targets.1: "a" is the same model as "a"']],
  ['spillover over a model and its alias', { s: spillover(['al', 'b', 'a']) }, ['selectors.s.targets.2: "a" is the same model as "al"']],
  ['spillover over one model of a peer\'s by two names', { s: spillover(['only', 'p/only']) }, ['selectors.s.targets.1: "p/only" is the same model as "only"']],
  ['everything at once', { b: { targets: ['zz'] }, s: { strategy: 'x' } }, ['selectors.b: the name conflicts with the model "b"', `selectors.b.strategy: is required ${strategies}`, 'selectors.b.targets.0: unknown model "zz"', `selectors.s.strategy: unknown strategy "x" ${strategies}`, 'selectors.s.targets: must name at least one model']]
] satisfies Array<[string, unknown, string[]]>) {
  t.test(`refused: ${condition}`, async (t) => {
    t.strictSame(lines(resolve(selectors)), problems)
  })
}

t.test('those with problems are left out, the others are not', async (t) => {
  t.strictSame([...resolve({ bad: pin(['zz']), good: pin(['a']) }).value.keys()], ['good'])
})

const notOne = ['selectors.s.targets: spillover targets must be in one routing group']
const swaps = ['selectors.s.targets: spillover targets must be in a routing group with "swap: false"']
const noSet = ['selectors.s.targets: spillover targets must all run together in one set of the matrix']
const none: string[] = []
for (const [condition, targets, sources, problems] of [
  ['a group that does not swap', ['a', 'b'], apart, none],
  ['a group that does not swap, by alias', ['al', 'b'], { groups: { g: { swap: false, members: ['al', 'b'] } } }, none],
  ['a group that swaps', ['a', 'b'], { groups: { g: { members: ['a', 'b'] } } }, swaps],
  ['no group', ['a', 'b'], {}, swaps],
  ['two groups', ['a', 'b'], { groups: { g: { swap: false, members: ['a'] }, h: { swap: false, members: ['b'] } } }, notOne],
  ['two groups that are not exclusive', ['a', 'b'], { groups: { g: { swap: false, exclusive: false, members: ['a'] }, h: { swap: false, exclusive: false, members: ['b'] } } }, notOne],
  ['a group and none', ['a', 'b'], { groups: { g: { swap: false, members: ['a'] } } }, notOne],
  ['one local model and a peer\'s', ['a', 'p/m'], { groups: { g: { members: ['a', 'b'] } } }, none],
  ['one set of a matrix', ['a', 'b'], { matrix: { sets: { x: 'a & b' } } }, none],
  ['alternatives of a matrix', ['a', 'b'], { matrix: { sets: { x: 'a | b' } } }, noSet],
  ['pairs, but not all three, of a matrix', ['a', 'b', 'c'], { matrix: { sets: { x: 'a & b', y: 'b & c', z: 'a & c' } } }, noSet],
  ['a model in no set of a matrix', ['a', 'c'], { matrix: { sets: { x: 'a & b' } } }, noSet],
  ['one model, in no set', ['c'], { matrix: { sets: { x: 'a & b' } } }, none],
  ['two in a matrix and a peer\'s', ['al', 'p/m', 'b'], { matrix: { sets: { x: 'a & b' } } }, none]
] satisfies Array<[string, string[], RouterSources, string[]]>) {
  t.test(`side by side: ${condition}${problems.length > 0 ? ', refused' : ''}`, async (t) => {
    t.strictSame(lines(resolve({ s: spillover(targets) }, sources)), problems)
    t.strictSame(lines(resolve({ s: pin(targets) }, sources)), [], 'pin does not care')
  })
}

t.test('without a router nothing is said about who runs side by side', async (t) => {
  t.strictSame(lines(resolveSelectors({ s: spillover(['a', 'c']) }, { names, peers, router: undefined })), [])
})
