import t from 'tap'
import { resolvePeers } from '../lib/config/naming/peers.ts'
import { findTarget } from '../lib/config/naming/target.ts'
import type { PeerInput } from '../types/peers.ts'
import type { ProfileInput } from '../types/profiles.ts'
import type { SelectorInput } from '../types/selectors.ts'
import { namesOf, pairsOf } from './helper/filters.ts'
import { lines, localNames } from './helper/resolution.ts'

const names = localNames(['a', 'p/id'], { al: 'a', 'p/alias': 'a' })
const none = localNames(['a'], { al: 'a' })
const peer = (more: Partial<PeerInput> = {}): PeerInput => ({ proxy: 'http://10.0.0.1:8080/base', models: ['m'], ...more })
const resolve = (peers: unknown) => resolvePeers(peers as Record<string, PeerInput>, { names: none })

t.test('no peers', async (t) => {
  t.strictSame(resolvePeers(undefined, { names }), { value: { peers: new Map(), names: new Map() }, problems: [], warnings: [] })
})

t.test('a peer and its defaults', async (t) => {
  const { value, problems, warnings } = resolve({ p: peer() })
  t.strictSame([problems, warnings], [[], []])
  t.strictSame(value.peers.get('p'), {
    id: 'p',
    proxy: 'http://10.0.0.1:8080/base',
    apiKey: undefined,
    models: ['m'],
    filters: { stripParams: [], setParams: [], setParamsByID: new Map() },
    timeouts: { connect: 30_000, keepalive: 30_000, responseHeader: 60_000, tlsHandshake: 10_000, idleConn: 90_000 }
  })
  for (const part of [value, value.peers.get('p')!, value.peers.get('p')!.models, value.peers.get('p')!.timeouts, value.peers.get('p')!.filters]) t.ok(Object.isFrozen(part))
})

t.test('what a peer says is kept', async (t) => {
  const { value, problems } = resolve({
    p: peer({
      apiKey: 'secret',
      timeouts: { connect: 1, keepalive: 2, responseHeader: 0, tlsHandshake: 4, expectContinue: 5, idleConn: 6 },
      filters: { stripParams: 'top_k, temperature,,model, top_k ', setParams: { seed: 1, model: 'x', 'a.b': [2] }, setParamsByID: { 'p/m': { z: 1, model: 'x', b: null }, m: {} } }
    })
  })
  t.strictSame(problems, [])
  const { apiKey, timeouts, filters } = value.peers.get('p')!
  t.equal(apiKey, 'secret')
  t.strictSame(timeouts, { connect: 1000, keepalive: 2000, responseHeader: 0, tlsHandshake: 4000, idleConn: 6000 })
  t.strictSame(namesOf(filters.stripParams), ['temperature', 'top_k'])
  t.strictSame(pairsOf(filters.setParams), [['a.b', '[2]'], ['seed', '1']])
  t.strictSame([...filters.setParamsByID].map(([id, params]) => [id, pairsOf(params)]), [['p/m', [['b', 'null'], ['z', '1']]], ['m', []]])
})

t.test('the old name of stripParams is read when the new one is empty', async (t) => {
  t.strictSame(namesOf(resolve({ p: peer({ filters: { strip_params: 'b,a' } }) }).value.peers.get('p')!.filters.stripParams), ['a', 'b'])
  t.strictSame(namesOf(resolve({ p: peer({ filters: { stripParams: 'c', strip_params: 'b,a' } }) }).value.peers.get('p')!.filters.stripParams), ['c'])
})

for (const [condition, peers, found] of [
  ['by full name and bare name', { p: peer() }, { 'p/m': ['p', 'm'], m: ['p', 'm'], p: undefined, 'p/': undefined }],
  ['by full name only, when two serve it', { p: peer(), q: peer() }, { 'p/m': ['p', 'm'], 'q/m': ['q', 'm'], m: undefined }],
  ['a full name goes before a bare one', { p: peer(), q: peer({ models: ['p/m'] }) }, { 'p/m': ['p', 'm'], 'q/p/m': ['q', 'p/m'] }],
  ['slashes in both parts', { 'p/x': peer({ models: ['y/z'] }) }, { 'p/x/y/z': ['p/x', 'y/z'], 'y/z': ['p/x', 'y/z'] }],
  ['the same model twice is once', { p: peer({ models: ['m', 'm'] }) }, { m: ['p', 'm'] }],
  ['names that every object has', { constructor: peer({ models: ['toString'] }) }, { 'constructor/toString': ['constructor', 'toString'], valueOf: undefined }]
] satisfies Array<[string, Record<string, PeerInput>, Record<string, [string, string] | undefined>]>) {
  t.test(`reached: ${condition}`, async (t) => {
    const resolution = resolve(peers)
    t.strictSame(lines(resolution), [])
    for (const [name, remote] of Object.entries(found)) {
      t.strictSame(resolution.value.names.get(name), remote && { peer: remote[0], model: remote[1] }, name)
    }
  })
}

t.test('local models and aliases go before bare names of peers', async (t) => {
  const { value, problems } = resolve({ p: peer({ models: ['a', 'al', 'm'] }) })
  t.strictSame(problems, [])
  t.strictSame(findTarget('a', none, value), { kind: 'local', name: 'a', model: 'a' })
  t.strictSame(findTarget('al', none, value), { kind: 'local', name: 'al', model: 'a' })
  t.strictSame(findTarget('m', none, value), { kind: 'peer', name: 'm', peer: 'p', model: 'm' })
  t.strictSame(findTarget('p/a', none, value), { kind: 'peer', name: 'p/a', peer: 'p', model: 'a' })
  t.equal(findTarget('zz', none, value), undefined)
})

const url = (shown: string): string[] => [`peers.p.proxy: invalid proxy URL "${shown}": must be like http://192.168.1.10:8080`]
for (const [condition, peers, problems] of [
  ['no proxy', { p: { models: ['m'] } }, ['peers.p.proxy: is required, such as http://192.168.1.10:8080']],
  ['an empty proxy', { p: peer({ proxy: '' }) }, ['peers.p.proxy: is required, such as http://192.168.1.10:8080']],
  ['a proxy without a scheme', { p: peer({ proxy: 'host:8080' }) }, url('host:8080')],
  ['a proxy of one word', { p: peer({ proxy: 'host' }) }, url('host')],
  ['a proxy of another scheme', { p: peer({ proxy: 'ftp://host' }) }, url('ftp://host')],
  ['a proxy without a host', { p: peer({ proxy: 'http://' }) }, url('http://')],
  ['a proxy with an open bracket', { p: peer({ proxy: 'http://[::1' }) }, url('http://[::1')],
  ['a proxy with space', { p: peer({ proxy: ' http://host' }) }, url(' http://host')],
  ['a proxy with a control character', { p: peer({ proxy: 'http://ho\u0001st' }) }, url('http://ho\u0001st')],
  ['a proxy with broken percent-encoding', { p: peer({ proxy: 'http://host/%zz' }) }, url('http://host/%zz')],
  ['a bad proxy with credentials, which are not repeated', { p: peer({ proxy: 'http://me:secret@[::1' }) }, url('http://***@[::1')],
  ['no models', { p: { proxy: 'http://host' } }, ['peers.p.models: must name at least one model']],
  ['an empty list of models', { p: peer({ models: [] }) }, ['peers.p.models: must name at least one model']],
  ['only empty models', { p: peer({ models: [''] }) }, ['peers.p.models: must name at least one model']],
  ['two models of one full name', { p: peer({ models: ['x/y'] }), 'p/x': peer({ models: ['n', 'y'] }) }, ['peers.p/x.models.1: ambiguous: the peer "p" with its model "x/y" has the full name "p/x/y" too']],
  ['everything at once', { p: { proxy: 'x' }, q: { models: [] } }, [...url('x'), 'peers.p.models: must name at least one model', 'peers.q.proxy: is required, such as http://192.168.1.10:8080', 'peers.q.models: must name at least one model']]
] satisfies Array<[string, unknown, string[]]>) {
  t.test(`refused: ${condition}`, async (t) => {
    t.strictSame(lines(resolve(peers)), problems)
  })
}

t.test('an empty model among others is ignored, with a warning', async (t) => {
  const resolution = resolve({ p: peer({ models: ['m', ''] }) })
  t.strictSame(lines(resolution, 'warnings'), ['peers.p.models.1: is empty, ignored'])
  t.strictSame(resolution.value.peers.get('p')!.models, ['m'])
})

t.test('nothing else may have a full name of a peer\'s', async (t) => {
  const selectors: Record<string, SelectorInput> = { 'p/selector': { strategy: 'pin', targets: ['a'] }, m: { strategy: 'pin', targets: ['a'] } }
  const profiles: Record<string, ProfileInput> = { x: { pins: { 'p/pin': 'a', m: 'a' } }, y: { pins: { z: 'p/m' } } }
  const peers = { p: peer({ models: ['m', 'id', 'alias', 'selector', 'pin'] }) }
  t.strictSame(lines(resolvePeers(peers, { names, selectors, profiles })), [
    'models.p/id: the model id "p/id" conflicts with the full name of a peer\'s model',
    'models.a.aliases.0: the alias "p/alias" conflicts with the full name of a peer\'s model',
    'selectors.p/selector: the selector name "p/selector" conflicts with the full name of a peer\'s model',
    'profiles.x.pins.p/pin: the pin "p/pin" conflicts with the full name of a peer\'s model'
  ], 'bare names, and pins that lead there, are free')
  t.strictSame(lines(resolvePeers({ q: peer() }, { names, selectors, profiles })), [], 'without that peer nor those')
})
