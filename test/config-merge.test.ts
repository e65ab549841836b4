// Several files as one config: reference section 1.10.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { directoryOf, fileOf, problemsOf, warningsOf } from './helper/config.ts'

const model = (id: string, more = ''): string => `models: {${id}: {cmd: "x \${PORT}"${more}}}\n`

async function idsOf (source: string | string[]): Promise<string[]> {
  return [...(await loadConfig(source)).config.models.keys()]
}

async function load (files: Record<string, string>) {
  return (await loadConfig(directoryOf(files))).config
}

// -- Sources ---------------------------------------------------------------------------------------------------------

t.test('a directory: its *.yml and *.yaml files, by name', async (t) => {
  const directory = directoryOf({ 'b.yml': model('b'), 'a.yaml': model('a'), 'c.txt': model('c'), 'D.YAML': model('d'), '.h.yaml': model('h'), yaml: model('i') })
  mkdirSync(join(directory, 'sub.yaml'))
  writeFileSync(join(directory, 'sub.yaml', 'e.yaml'), model('e'))
  t.strictSame(await idsOf(directory), ['a', 'b', 'h'])
})

t.test('a file and a directory', async (t) => {
  t.strictSame(await idsOf([fileOf(model('c')), directoryOf({ 'a.yaml': model('a') })]), ['a', 'c'])
  t.strictSame(await idsOf([fileOf(model('c')), directoryOf({ 'a.txt': '' })]), ['c'], 'one without such files')
  t.strictSame(await idsOf([fileOf(model('a')), fileOf(model('b'))]), ['a', 'b'], 'two files')
})

t.test('no sources', async (t) => {
  t.match(await problemsOf([]), [/^no config was named/])
  t.strictSame(await problemsOf(directoryOf({ 'a.txt': '' })), ['DIR: no *.yaml or *.yml file there; add one, or name another directory'])
})

t.test('a file that is also in the directory', async (t) => {
  const directory = directoryOf({ 'a.yaml': model('a') })
  t.strictSame(await problemsOf([join(directory, 'a.yaml'), directory]), ['a.yaml: it is named twice, by itself and as a file of a directory; remove it from one'])
})

t.test('empty files are skipped', async (t) => {
  t.strictSame(await idsOf(directoryOf({ 'a.yaml': '', 'b.yaml': '# nothing\n', 'c.yaml': '~', 'd.yaml': model('d') })), ['d'])
})

t.test('all files that are wrong are told together', async (t) => {
  const directory = directoryOf({ 'a.yaml': '[x]', 'b.yaml': 'a: [', 'c.yaml': 'abc', 'd.yaml': model('d') })
  t.match(await problemsOf(directory), [/^a\.yaml:1:1: the top level must be a map/, /^b\.yaml:1:5: /, /^c\.yaml:1:1: the top level must be a map/])
  t.match(await problemsOf([join(directory, 'x'), join(directory, 'y')]), [/x: there is no such file/, /y: there is no such file/])
})

// -- Rules -----------------------------------------------------------------------------------------------------------

const conflicts: Array<[rule: string, a: string, b: string, problem: string]> = [
  ['a model is defined in one file', model('a'), model('a'), 'b.yaml:1:10 models.a: duplicate model "a": a.yaml:1 has it too; rename or remove one'],
  ['a group', 'groups: {g: {}}', 'groups: {g: {}}', 'b.yaml:1:10 groups.g: duplicate group "g": a.yaml:1 has it too; rename or remove one'],
  ['a peer', 'peers: {p: {}}', 'peers: {p: {}}', 'b.yaml:1:9 peers.p: duplicate peer "p": a.yaml:1 has it too; rename or remove one'],
  ['a profile', 'profiles: {p: {}}', '\nprofiles: {p: {}}', 'b.yaml:2:12 profiles.p: duplicate profile "p": a.yaml:1 has it too; rename or remove one'],
  ['a selector', 'selectors: {p: {}}', 'selectors: {p: {}}', 'b.yaml:1:13 selectors.p: duplicate selector "p": a.yaml:1 has it too; rename or remove one'],
  ['a key of the matrix', 'matrix: {sets: {a: a}}', 'matrix: {sets: {b: a}}', 'b.yaml:1:10 matrix.sets: duplicate matrix key "sets": a.yaml:1 has it too; rename or remove one'],
  ['a group of the router', 'routing: {router: {settings: {groups: {g: {}}}}}', 'routing: {router: {settings: {groups: {g: {}}}}}', 'b.yaml:1:40 routing.router.settings.groups.g: duplicate group "g": a.yaml:1 has it too; rename or remove one'],
  ['a matrix key of the router', 'routing: {router: {settings: {matrix: {sets: {}}}}}', 'routing: {router: {settings: {matrix: {sets: {}}}}}', 'b.yaml:1:40 routing.router.settings.matrix.sets: duplicate matrix key "sets": a.yaml:1 has it too; rename or remove one'],
  ['scalars are equal', 'globalTTL: 1', 'globalTTL: 2', 'b.yaml:1:1 globalTTL: conflicts with a.yaml:1, which sets another value; set it in one file only'],
  ['scalars are equal as written', 'globalTTL: 16', 'globalTTL: 0x10', 'b.yaml:1:1 globalTTL: conflicts with a.yaml:1, which sets another value; set it in one file only'],
  ['scalars are of one type', 'logLevel: 5', 'logLevel: "5"', 'b.yaml:1:1 logLevel: conflicts with a.yaml:1, which sets another value; set it in one file only'],
  ['a null spelled out is a value', 'globalTTL: ~', 'globalTTL: 5', 'b.yaml:1:1 globalTTL: conflicts with a.yaml:1, which sets another value; set it in one file only'],
  ['macros of one name are equal', 'macros: {m: 1}', 'macros: {m: 2}', 'b.yaml:1:10 macros.m: conflicts with a.yaml:1, which sets another value; set it in one file only'],
  ['models are maps', 'models: []', model('a'), 'b.yaml:1:1 models: both here and in a.yaml:1 it must be a map, so that they can be merged'],
  ['models are maps in the second file too', model('a'), 'models: x', 'b.yaml:1:1 models: both here and in a.yaml:1 it must be a map, so that they can be merged'],
  ['values are of one kind: scalar and list', 'apiKeys: a', 'apiKeys: [b]', 'b.yaml:1:1 apiKeys: is a list here and a scalar in a.yaml:1; write it in the same form'],
  ['values are of one kind: map and list', 'store: {path: x}', 'store: [b]', 'b.yaml:1:1 store: is a list here and a map in a.yaml:1; write it in the same form']
]
for (const [rule, a, b, problem] of conflicts) t.test(`conflict: ${rule}`, async (t) => t.strictSame(await problemsOf(directoryOf({ 'a.yaml': a, 'b.yaml': b })), [problem]))

t.test('conflicts with a file named first', async (t) => {
  t.strictSame(await problemsOf([fileOf('globalTTL: 1'), directoryOf({ 'a.yaml': 'globalTTL: 2' })]), ['a.yaml:1:1 globalTTL: conflicts with c.yaml:1, which sets another value; set it in one file only'])
})

t.test('all conflicts are told together', async (t) => {
  t.equal((await problemsOf(directoryOf({ 'a.yaml': `globalTTL: 1\n${model('a')}`, 'b.yaml': `globalTTL: 2\n${model('a')}`, 'c.yaml': 'globalTTL: 3' }))).length, 3)
})

t.test('equal scalars, in quotes or not', async (t) => {
  t.equal((await load({ 'a.yaml': 'logLevel: debug', 'b.yaml': 'logLevel: "debug"' })).logLevel, 'debug')
  t.equal((await load({ 'a.yaml': `globalTTL: 1\n${model('a')}`, 'b.yaml': 'globalTTL: 1' })).models.get('a')!.ttl, 1000)
})

t.test('a key with nothing yields, whichever comes first', async (t) => {
  for (const [a, b] of [['globalTTL:', 'globalTTL: 5'], ['globalTTL: 5', 'globalTTL:'], ['models:\nglobalTTL: 5', 'x-y: 1']]) {
    t.equal((await load({ 'a.yaml': a!, 'b.yaml': b!, 'c.yaml': model('a') })).models.get('a')!.ttl, 5000)
  }
})

t.test('lists are joined', async (t) => {
  const { preload } = await load({ 'a.yaml': `hooks: {on_startup: {preload: [a]}}\n${model('a')}`, 'b.yaml': `hooks: {on_startup: {preload: [b]}}\n${model('b')}` })
  t.strictSame(preload, ['a', 'b'])
})

t.test('other maps are merged, key by key', async (t) => {
  const { routing } = await load({
    'a.yaml': `routing: {scheduler: {use: fifo, settings: {fifo: {priority: {a: 1}}}}}\n${model('a')}`,
    'b.yaml': `routing: {scheduler: {settings: {fifo: {priority: {a: 1, b: 2}}}}}\n${model('b')}`
  })
  t.strictSame([...routing.scheduler.priority], [['a', 1], ['b', 2]])
  t.equal(routing.scheduler.use, 'fifo')
})

t.test('macros are one list, in the order of the files', async (t) => {
  const both = { 'm.yaml': 'macros: {a: 2}', 'n.yaml': 'macros: {b: "${a}", a: 2}', 'o.yaml': model('a', ', name: "${b}"') }
  t.equal((await load(both)).models.get('a')!.name, '2')
  t.match(await problemsOf(directoryOf({ 'a.yaml': both['n.yaml'].replace(', a: 2', ''), 'm.yaml': both['m.yaml'], 'o.yaml': both['o.yaml'] })), [/^o\.yaml:1:32 models\.a\.name: unknown macro '\$\{a\}' here: a macro may only use those that stand before it/])
})

t.test('matrix keys of two files are one matrix', async (t) => {
  const { routing } = await load({ 'a.yaml': `matrix: {sets: {both: v & b}}\n${model('a')}`, 'b.yaml': `matrix: {vars: {v: a}}\n${model('b')}` })
  t.equal(routing.router.kind, 'matrix')
})

t.test('anchors do not leave their file', async (t) => {
  t.strictSame(await problemsOf(directoryOf({ 'a.yaml': 'x-a: &x {cmd: "x ${PORT}"}', 'b.yaml': 'models: {q: *x}' })), ['b.yaml:1:13: unknown alias *x: no &x stands before it in this file'])
  const { models } = await load({ 'a.yaml': 'x-a: &x {cmd: "x ${PORT}"}\nmodels: {p: *x}', 'b.yaml': 'x-b: &x {cmd: "y ${PORT}"}\nmodels: {q: {<<: *x}}' })
  t.strictSame([...models.values()].map(({ launch }) => launch.argv[0]), ['x', 'y'])
})

t.test('positions are those of the file that says it', async (t) => {
  const files = { 'a.yaml': `${model('a')}unknwn: 1\n`, 'b.yaml': '\nmodels:\n  b:\n    cmd: x ${PORT}\n    aliases: [x]\n    nane: 1\n' }
  t.strictSame(await warningsOf(directoryOf(files)), ['b.yaml:6:5 models.b.nane: unknown key, ignored; did you mean name?', 'a.yaml:2:1 unknwn: unknown key, ignored; if it only holds what anchors repeat, call it x-...'])
  t.strictSame(await problemsOf(directoryOf({ ...files, 'c.yaml': 'models: {c: {cmd: "x ${PORT}", aliases: [x]}}\nhooks: {on_startup: {preload: [[]]}}' })), ['c.yaml:2:32 hooks.on_startup.preload.0: must be a string, not a list'])
  t.strictSame(await problemsOf(directoryOf({ ...files, 'c.yaml': 'models: {c: {cmd: "x ${PORT}", aliases: [x]}}' })), ['c.yaml:1:42 models.c.aliases.0: duplicate alias x: the model b has it too; remove one'])
})

t.test('environment variables are told by their file', async (t) => {
  t.match(await problemsOf(directoryOf({ 'a.yaml': model('a'), 'b.yaml': 'logLevel: ${env.NOPE_FLS}' })), [/^b\.yaml:1:11: the environment variable NOPE_FLS is not set/])
})
