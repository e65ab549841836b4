import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { findModelInPath } from '../lib/names/path.ts'
import { indexNames } from '../lib/names/target.ts'

const cmd = 'server ${PORT}'

t.test('ids and aliases lead to their models, nothing else does', async (t) => {
  const { config } = await loadConfig({ models: { a: { cmd, aliases: ['x', 'org/x'] }, b: { cmd, unlisted: true, aliases: ['y'] } } })
  t.strictSame(new Map(indexNames(config)), new Map(Object.entries({
    x: { kind: 'local', model: 'a' },
    'org/x': { kind: 'local', model: 'a' },
    y: { kind: 'local', model: 'b' },
    a: { kind: 'local', model: 'a' },
    b: { kind: 'local', model: 'b' }
  })))
})

t.test('an id wins over another model\'s alias, whichever is first', async (t) => {
  const { config } = await loadConfig({ models: { a: { cmd, aliases: ['b'] }, b: { cmd }, c: { cmd, aliases: ['a'] } } })
  const names = indexNames(config)
  t.equal(names.get('b')!.model, 'b')
  t.equal(names.get('a')!.model, 'a')
})

t.test('names are compared as they are written', async (t) => {
  const { config } = await loadConfig({ models: { Qwen: { cmd } } })
  const names = indexNames(config)
  for (const name of ['qwen', 'QWEN', ' Qwen', 'Qwen ', '', '__proto__', 'constructor']) t.equal(names.get(name), undefined, name)
})

t.test('the model at the start of a path', async (t) => {
  const { config } = await loadConfig({
    models: { a: { cmd }, org: { cmd }, 'org/model': { cmd }, 'org/model/v1': { cmd }, 'with space': { cmd }, 'a:b+c@d': { cmd }, 模型: { cmd, aliases: ['100%'] } }
  })
  const names = indexNames(config)
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
    const match = findModelInPath(path, names)
    t.strictSame(match && [match.name, match.rest], name === undefined ? undefined : [name, rest], path)
  }
})

t.test('an alias in a path leads to its model', async (t) => {
  const { config } = await loadConfig({ models: { a: { cmd, aliases: ['org/alias'] } } })
  t.strictSame(findModelInPath('org/alias/v1', indexNames(config)), { name: 'org/alias', target: { kind: 'local', model: 'a' }, rest: '/v1' })
})
