import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { indexNames } from '../lib/names/names.ts'
import { findModelInPath } from '../lib/names/path.ts'
import { resolveName } from '../lib/names/resolve.ts'
import type { SelectorNames } from '../lib/names/names.ts'
import type { Target } from '../lib/names/target.ts'
import type { ConfigInput } from '../index.ts'

const cmd = 'server ${PORT}'
const namesOf = async (config: ConfigInput) => indexNames((await loadConfig(config)).config)
const first = ({ targets }: SelectorNames): Target => targets[0]!

t.test('ids and aliases lead to their models, nothing else does', async (t) => {
  const { models } = await namesOf({ models: { a: { cmd, aliases: ['x', 'org/x'] }, b: { cmd, unlisted: true, aliases: ['y'] } } })
  t.strictSame([...models].map(([name, target]) => [name, target.kind, target.model, target.name]).sort(), [
    ['a', 'local', 'a', 'a'], ['b', 'local', 'b', 'b'], ['org/x', 'local', 'a', 'org/x'], ['x', 'local', 'a', 'x'], ['y', 'local', 'b', 'y']
  ])
})

t.test('an id wins over another model\'s alias, whichever is first', async (t) => {
  const { models } = await namesOf({ models: { a: { cmd, aliases: ['b'] }, b: { cmd }, c: { cmd, aliases: ['a'] } } })
  t.equal(models.get('b')!.model, 'b')
  t.equal(models.get('a')!.model, 'a')
})

t.test('names are compared as they are written', async (t) => {
  const { models } = await namesOf({ models: { Qwen: { cmd } } })
  for (const name of ['qwen', 'QWEN', ' Qwen', 'Qwen ', '', '__proto__', 'constructor']) t.equal(models.get(name), undefined, name)
})

t.test('pin of the active profile, selector, id, alias, peer: in this order', async (t) => {
  const names = await namesOf({
    models: { a: { cmd, aliases: ['alias', 'both'] }, b: { cmd, useModelName: 'real' } },
    peers: { p: { proxy: 'http://peer', models: ['remote', 'both'] } },
    selectors: { s: { strategy: 'pin', targets: ['b'] }, far: { strategy: 'pin', targets: ['p/remote'] } },
    profiles: { work: { pins: { a: 'b', own: 'a', off: null, alias: '', sel: 's' } } }
  }).catch((error) => { throw new Error((error as { detail: string }).detail) })
  const table: Array<[profile: string | undefined, asked: string, expected: string]> = [
    [undefined, 'a', 'local a as a'],
    [undefined, 'alias', 'local a as alias'],
    [undefined, 'b', 'local b as b -> real'],
    [undefined, 'both', 'local a as both'],
    [undefined, 'remote', 'peer p/remote as remote'],
    [undefined, 'p/remote', 'peer p/remote as p/remote -> remote'],
    [undefined, 'p/both', 'peer p/both as p/both -> both'],
    [undefined, 's', 'local b as b -> real by s'],
    [undefined, 'far', 'peer p/remote as p/remote -> remote by far'],
    [undefined, 'own', 'none'],
    [undefined, 'nobody', 'none'],
    ['work', 'a', 'local b as b -> real'],
    ['work', 'own', 'local a as a -> a'],
    ['work', 'off', 'none'],
    ['work', 'alias', 'none'],
    ['work', 'sel', 'local b as b -> real by s'],
    ['work', 'both', 'local a as both'],
    ['nobody', 'a', 'local a as a']
  ]
  for (const [profile, asked, expected] of table) {
    const target = resolveName(names, asked, { profile, choose: first })
    const { kind, model, name, rewrite, selector } = target ?? {}
    t.equal(target === undefined ? 'none' : `${kind} ${model} as ${name}${rewrite === undefined ? '' : ` -> ${rewrite}`}${selector === undefined ? '' : ` by ${selector}`}`, expected, `${profile} ${asked}`)
  }
})

t.test('the model at the start of a path', async (t) => {
  const { models, longest } = await namesOf({
    models: { a: { cmd }, org: { cmd }, 'org/model': { cmd }, 'org/model/v1': { cmd }, 'with space': { cmd }, 'a:b+c@d': { cmd }, 模型: { cmd, aliases: ['100%'] } }
  })
  const table: Array<[path: string, name: string | undefined, rest?: string]> = [
    ['a', 'a', ''],
    ['a/', 'a', '/'],
    ['a/v1/models', 'a', '/v1/models'],
    ['a//v1', 'a', '//v1'],
    ['a/a/a', 'a', '/a/a'],
    ['ab/v1', undefined],
    ['b/a', undefined],
    ['/a', undefined],
    ['', undefined],
    ['/', undefined],
    ['org/other', 'org', '/other'],
    ['org/model', 'org/model', ''],
    ['org/model/health', 'org/model', '/health'],
    ['org/model/v1/chat/completions', 'org/model/v1', '/chat/completions'],
    ['org/model/v1x/chat', 'org/model', '/v1x/chat'],
    ['org%2Fmodel/health', 'org/model', '/health'],
    ['org%2fmodel%2fv1', 'org/model/v1', ''],
    ['%61/v1', 'a', '/v1'],
    ['with%20space/x', 'with space', '/x'],
    ['with space/x', 'with space', '/x'],
    ['a:b+c@d/x', 'a:b+c@d', '/x'],
    ['a%3Ab%2Bc%40d/x', 'a:b+c@d', '/x'],
    ['%E6%A8%A1%E5%9E%8B/x', '模型', '/x'],
    ['100%25/x', '100%', '/x'],
    ['100%/x', undefined],
    ['%ff/x', undefined],
    ['a/%ff%zz/x', 'a', '/%ff%zz/x'],
    ['a/caf%C3%A9%2Fx', 'a', '/caf%C3%A9%2Fx']
  ]
  for (const [path, name, rest] of table) {
    const match = findModelInPath(path, (name) => models.get(name), longest)
    t.strictSame(match && [match.target.name, match.rest], name === undefined ? undefined : [name, rest], path)
  }
})

t.test('an alias in a path leads to its model', async (t) => {
  const { models, longest } = await namesOf({ models: { a: { cmd, aliases: ['org/alias'] } } })
  t.match(findModelInPath('org/alias/v1', (name) => models.get(name), longest), { target: { kind: 'local', model: 'a', name: 'org/alias' }, rest: '/v1' })
})

t.test('no path is looked at further than the longest name, of models and of pins', async (t) => {
  const { models, longest } = await namesOf({ models: { 'a/b': { cmd } }, profiles: { work: { pins: { 'pinned/name': 'a/b' } } } })
  t.equal(longest, 'pinned/name'.length)
  for (const path of ['a/'.repeat(30_000), '/'.repeat(60_000), '%61/'.repeat(15_000), 'a/b/' + '%C3%A9/'.repeat(8000)]) {
    let looks = 0
    const match = findModelInPath(path, (name) => {
      looks++
      return models.get(name)
    }, longest)
    t.equal(match?.target.model, path.startsWith('a/b') ? 'a/b' : undefined)
    t.ok(looks <= longest + 1, `${looks} looks`)
  }
})
