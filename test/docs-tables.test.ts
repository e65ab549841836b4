// The tables of docs/ say what the code says.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import type { FastifyBaseLogger } from 'fastify'
import ts from 'typescript'
import { parseFlags } from '../lib/cli/flags.ts'
import { help } from '../lib/cli/help.ts'
import { createPaint } from '../lib/cli/paint.ts'
import { stateReporter } from '../lib/cli/report.ts'
import { stateLogger } from '../lib/cli/state-log.ts'
import { Terminal } from '../lib/cli/terminal.ts'
import { idleKeys } from '../lib/config/idle-keys.ts'
import { loadConfig } from '../lib/config/load.ts'
import { modelSchema } from '../lib/config/schema/model.ts'
import type { Schema } from '../lib/config/schema/schema.ts'
import { errors, wireCode } from '../lib/errors.ts'
import { DEFAULT_INHERITED } from '../lib/launcher/local/environment.ts'
import { diffConfigs } from '../lib/manager/config-diff.ts'
import { transitions } from '../lib/model/transition.ts'
import { resolveOptions } from '../lib/options.ts'
import { table } from '../lib/routes/table.ts'
import { shapes } from '../lib/testing/shapes.ts'
import type { Cause, ConfigInput, ModelState } from '../index.ts'
import { yamlProblems } from './helper/config.ts'
import { keyTables } from './helper/config-docs.ts'
import { differences } from './helper/differences.ts'
import { blocksOf, documentedMembersOf, membersOf, readPage, root, tableOf } from './helper/snippets.ts'

const EMBEDDING = 'docs/embedding.md'
const ARCHITECTURE = 'docs/architecture.md'
const CONFIG = 'docs/config.md'
const STANDALONE = 'docs/standalone.md'
const TESTING = 'docs/testing.md'

t.test('routes', async (t) => {
  const rows = tableOf(EMBEDDING, 'Routes', 'Method', 'Path', 'Family', 'Does')
  t.strictSame(rows.map(({ Method, Path, Family }) => `${Method} ${Path} ${Family}`), table.map(({ method, path, family }) => `${[method].flat().join(', ')} ${path} ${family}`))
  for (const [index, { path, protocol, does, sentAs }] of table.entries()) {
    const { Does } = rows[index]!
    if (does !== undefined) t.equal(Does, does.replaceAll('`', ''), path)
    else t.match(Does, /^(the same|proxies to the model that the (body|query) names)/, path)
    t.equal(/ is sent (\S+)$/.exec(Does)?.[1], sentAs, path)
    t.equal(Does.includes('Anthropic'), protocol === 'anthropic', path)
  }
})

t.test('route families', async (t) => {
  const { hooks } = resolveOptions({ config: {} })
  const families = tableOf(EMBEDDING, 'Routes', 'Family', 'Default')
  t.strictSame(families.map(({ Family }) => Family), membersOf('types/options.ts', 'RouteFamilies'))
  for (const { Family, Default } of families) t.equal(/^(true$|')/.test(Default), hooks.has(Family as 'inference'), Family)
  t.ok(resolveOptions({ config: {}, prefix: '/x' }).hooks.has('health'))
})

t.test('options', async (t) => {
  const rows = tableOf(EMBEDDING, 'Options', 'Option', 'Default')
  t.strictSame(rows.map(({ Option }) => Option), membersOf('types/options.ts', 'LlamaSwapOptions'))
  const { decorator, bodyLimit, bodyBudget, drainTimeout, forwardAuthorization } = resolveOptions({ config: {} })
  const mib = (bytes: number): string => `${bytes / 1024 / 1024} MiB`
  t.match(Object.fromEntries(rows.map(({ Option, Default }) => [Option, Default])), {
    decorator, bodyLimit: mib(bodyLimit), bodyBudget: mib(bodyBudget), drainTimeout: String(drainTimeout), forwardAuthorization: String(forwardAuthorization)
  })
})

t.test('request options, lease, status', async (t) => {
  t.strictSame(tableOf(EMBEDDING, 'acquire', 'Option').map(({ Option }) => Option), membersOf('types/ticket.ts', 'RequestOptions'))
  t.strictSame(tableOf(EMBEDDING, 'acquire', 'Member of the lease').map((row) => row['Member of the lease'].replace('()', '')), membersOf('types/lease.ts', 'Lease'))
  t.strictSame(tableOf(EMBEDDING, 'status', 'Field').map(({ Field }) => Field), membersOf('types/status.ts', 'ModelStatus'))
})

t.test('events', async (t) => {
  const rows = tableOf(EMBEDDING, 'Events', 'Event', 'Fields')
  t.strictSame(rows.map(({ Event }) => Event), membersOf('types/events.ts', 'Events'))
  for (const { Event, Fields } of rows) {
    t.strictSame(Fields.split(', '), membersOf('types/events.ts', `${Event[0]!.toUpperCase()}${Event.slice(1)}Event`), Event)
  }
  t.strictSame(tableOf(EMBEDDING, 'Events', 'Outcome').map(({ Outcome }) => Outcome), membersOf('types/events.ts', 'RequestEvent.outcome'))
  const causes = membersOf('types/events.ts', 'Cause')
  for (const { Cause } of tableOf(EMBEDDING, 'Events', 'Cause')) t.ok(causes.includes(Cause.replace('<model>', '${string}')), Cause)
})

t.test('errors', async (t) => {
  const documented = tableOf(EMBEDDING, 'Errors', 'Code', 'Status', 'On the wire').map((row) => [row.Code, row.Status, row['On the wire']])
  t.strictSame(documented, Object.values(errors).map((Class) => {
    const error = new (Class as new () => InstanceType<typeof errors.Closing>)()
    return [error.code, String(error.statusCode), wireCode(error)]
  }))
})

t.test('inherited environment', async (t) => {
  const [block] = blocksOf(EMBEDDING).filter(({ heading, language }) => heading === 'Environment' && language === 'text')
  t.strictSame(block!.text.split(/\s+/), DEFAULT_INHERITED)
})

t.test('states', async (t) => {
  const documented = tableOf(ARCHITECTURE, 'The states of a model', 'State', 'Followed by').map((row) => [row.State, row['Followed by']])
  t.strictSame(documented, Object.entries(transitions).map(([from, events]) => [from, [...new Set(Object.values(events))].join(', ')]))
  t.strictSame(documented.map(([state]) => state).sort(), membersOf('types/status.ts', 'ModelState').sort())
})

t.test('config keys: type, default, meaning and example of each', async (t) => {
  for (const [heading, rows] of keyTables()) t.strictSame(tableOf(CONFIG, heading, 'Key', 'Type', 'Default', 'Meaning', 'Example'), rows, heading)
})

t.test('config keys without effect yet', async (t) => {
  const [top, model] = blocksOf(CONFIG).filter(({ heading, language }) => heading === 'Keys without effect' && language === 'text').map(({ text }) => text.split(/\s+/))
  t.strictSame([...top!, ...model!.map((key) => `models.*.${key}`)], idleKeys)
  const [line] = readPage('README.md').match(/^- Accepted without effect.*?(?=\n- )/ms)!
  for (const [, key] of line.matchAll(/`(\w+)`/g)) t.ok(idleKeys.includes(key!), `README.md: ${key}`)
})

t.test('what a config with errors is told', async (t) => {
  const [block] = blocksOf(CONFIG).filter(({ heading, language }) => heading === 'Errors and warnings' && language === 'text')
  const [example] = blocksOf(CONFIG).filter(({ language }) => language === 'yaml')
  for (const [line, wrong, right] of [[0, 'ttl: 600', 'ttl: "600"'], [1, '${server} -m', '${sevrer} -m']] as const) {
    const told = block!.text.split('\n')[line]!
    t.ok(example!.text.includes(wrong))
    t.strictSame(await yamlProblems(example!.text.replace(wrong, right)), [told.replace('llama-swap.yaml', 'c.yaml')])
  }
})

t.test('reload', async (t) => {
  const model = { cmd: 'x --port ${PORT}' }
  const changes: Record<string, ConfigInput> = {
    cmd: { models: { x: { cmd: 'y --port ${PORT}' } } },
    env: { models: { x: { ...model, env: ['A=1'] } } },
    proxy: { models: { x: { ...model, proxy: 'http://127.0.0.1:${PORT}' } } },
    checkEndpoint: { models: { x: { ...model, checkEndpoint: 'none' } } },
    timeouts: { models: { x: { ...model, timeouts: { connect: 1 } } } },
    cmdStop: { models: { x: { ...model, cmdStop: 'y' } } },
    healthCheckTimeout: { models: { x: model }, healthCheckTimeout: 600 },
    ttl: { models: { x: { ...model, ttl: 1 } } },
    unloadTimeout: { models: { x: { ...model, unloadTimeout: 1 } } },
    aliases: { models: { x: { ...model, aliases: ['y'] } } },
    name: { models: { x: { ...model, name: 'y' } } },
    filters: { models: { x: { ...model, filters: { stripParams: 'a' } } } },
    startPort: { models: { x: model }, startPort: 7000 }
  }
  const before = (await loadConfig({ models: { x: model } })).config.models
  const kindOf = async (config: ConfigInput, starting = false): Promise<string> => {
    const diff = diffConfigs(before, (await loadConfig(config)).config.models, () => starting)
    return (['changed', 'updated', 'unchanged'] as const).find((kind) => diff[kind].includes('x'))!
  }
  const rows = tableOf(STANDALONE, 'Reload', 'Changed', 'The model counts as').filter(({ Changed }) => !Changed.startsWith('the whole'))
  const keys = rows.flatMap(({ Changed }) => Changed.split(', '))
  t.strictSame(keys.filter((key) => !key.startsWith('every')).sort(), Object.keys(changes).sort())
  for (const row of rows) {
    for (const key of row.Changed.split(', ').filter((key) => key in changes)) {
      t.equal(await kindOf(changes[key]!), row['The model counts as'], key)
      t.equal(await kindOf(changes[key]!, true), key === 'checkEndpoint' ? 'changed' : row['The model counts as'], `${key}, during a load`)
    }
  }
  for (const [key, { examples }] of Object.entries(modelSchema.properties as Record<string, Schema>)) {
    if (!keys.includes(key) && examples !== undefined) t.not(await kindOf({ models: { x: { ...model, [key]: examples[0] } } }), 'changed', key)
  }
})

t.test('flags', async (t) => {
  const flags = tableOf(STANDALONE, 'Standalone', 'Flag', 'Default')
  t.strictSame(flags.map(({ Flag }) => Flag), [...help.matchAll(/^ {2}(--[\w-]+(?: [A-Z]+)?)/gm)].map(([, flag]) => flag))
  t.equal(flags.find(({ Flag }) => Flag === '--listen ADDRESS')!.Default, `${parseFlags([]).listen}; with TLS ${parseFlags(['--tls-cert-file', 'x', '--tls-key-file', 'y']).listen}`)
  for (const { Flag } of flags) t.doesNotThrow(() => parseFlags([...Flag.replace(/[A-Z]+$/, 'x').split(' '), '--version']), Flag)
})

t.test('terminal output', async (t) => {
  const [block] = blocksOf(STANDALONE).filter(({ heading, language }) => heading === 'Output' && language === 'text')
  let text = ''
  const report = stateReporter(new Terminal({ write: (part) => { text += part } }), createPaint({}), ['demo-chat', 'demo-coder', 'demo-embed'])
  const change = (model: string, from: ModelState, to: ModelState, duration: number, cause: Cause = 'request'): void => report({ model, from, to, cause, duration, time: 0 })
  change('demo-chat', 'stopped', 'starting', 0)
  change('demo-chat', 'starting', 'ready', 1012)
  change('demo-chat', 'ready', 'stopping', 5000, 'evicted by demo-coder')
  change('demo-chat', 'stopping', 'stopped', 60, 'evicted by demo-coder')
  change('demo-coder', 'stopped', 'starting', 0)
  change('demo-coder', 'starting', 'ready', 1060)
  t.equal(text, `${block!.text}\n`)
})

t.test('log lines', async (t) => {
  const [block] = blocksOf(STANDALONE).filter(({ heading, language }) => heading === 'Output' && language === 'json')
  const { level, time, pid, hostname, ...line } = JSON.parse(block!.text) as Record<string, unknown>
  t.strictSame([level, typeof time, typeof pid, typeof hostname], [30, 'number', 'number', 'string'])
  const lines: object[] = []
  const log = { info: (change: object, msg: string) => lines.push({ ...change, msg }) }
  stateLogger(log as unknown as FastifyBaseLogger)({ model: 'demo-chat', from: 'starting', to: 'ready', cause: 'request', duration: 1012.3, time: 0 })
  t.strictSame(lines, [line])
})

t.test('the test upstream: options, faults, stats, answers', async (t) => {
  for (const [heading, column, file, name] of [['Options', 'Option', 'options', 'UpstreamOptions'], ['Faults', 'Fault', 'faults', 'Fault'], ['What it saw', 'Field', 'stats', 'UpstreamStats']] as const) {
    const documented = tableOf(TESTING, heading, column, 'Type', 'Meaning').map((row) => [row[column], row.Type, row.Meaning])
    t.strictSame(documented, documentedMembersOf(`lib/testing/${file}.ts`, name), heading)
  }
  t.strictSame(tableOf(TESTING, 'Answers', 'Path').map(({ Path }) => Path), Object.keys(shapes))
})

t.test('differences: each row has a test', async (t) => {
  const sections = readPage('docs/differences.md').split(/^## /m).slice(1)
  t.strictSame(sections.map((section) => section.split('\n', 1)[0]), Object.keys(differences))
  for (const section of sections) {
    const rows = section.split('\n').filter((line, i, lines) => line.startsWith('|') && !line.startsWith('|---') && !lines[i + 1]?.startsWith('|---')).map((line) => line.slice(2).replaceAll('\\|', '|').replaceAll('`', ''))
    const shown = differences[section.split('\n', 1)[0]!]!
    // Both are in one order, so that a row cannot be taken for another that begins so.
    t.equal(rows.length, shown.length, section.slice(0, 20))
    for (const [i, [row, ...tests]] of shown.entries()) {
      t.ok(rows[i]?.startsWith(row), `${row}: ${rows[i]?.slice(0, 60)}`)
      t.ok(tests.length > 0, row)
      for (const [file, part] of tests) t.ok(readFileSync(join(root, 'test', `${file}.test.ts`), 'utf8').includes(part), `${row}: ${file} has "${part}"`)
    }
  }
})

/** All imports of the package's code: from which file, of what, and whether only types come of it. */
const imports = readImports()
function readImports (): Array<{ from: string, target: string, typeOnly: boolean }> {
  const filesOf = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file))
  const files = ['index.ts', ...filesOf('lib'), ...filesOf('types')].filter((file) => /(?<!\.tst)\.ts$/.test(file))
  const resolved = (from: string, target: string): string => target.startsWith('.') ? normalize(join(dirname(from), target)) : target
  return files.flatMap((from) => {
    const source = ts.createSourceFile(from, readFileSync(join(root, from), 'utf8'), ts.ScriptTarget.ES2023)
    const late = [...source.text.matchAll(/(?:createRequire\(import\.meta\.url\)|await import)\('([^']+)'\)/g)].map(([, target]) => ({ from, target: resolved(from, target!), typeOnly: false }))
    return source.statements.flatMap((statement) => {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return []
      const { moduleSpecifier } = statement
      if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return []
      const typeOnly = ts.isExportDeclaration(statement) ? statement.isTypeOnly : statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      return [{ from, target: resolved(from, moduleSpecifier.text), typeOnly }]
    }).concat(late)
  })
}

t.test('layers: nothing imports upward', async (t) => {
  const layers = tableOf(ARCHITECTURE, 'The house', 'Layer').map(({ Layer }) => Layer)
  const levelOf = (file: string): number => layers.findIndex((layer) => file.startsWith(layer))
  for (const { from, target } of imports.filter(({ target }) => /^(lib|types)\/|^index\.ts$/.test(target))) {
    if (levelOf(from) > levelOf(target) || levelOf(from) === -1) t.fail(`${from} imports ${target}`)
  }
  const folders = readdirSync(join(root, 'lib'), { withFileTypes: true }).map((entry) => `lib/${entry.name}${entry.isDirectory() ? '/' : ''}`)
  t.strictSame(layers.filter((layer) => layer.startsWith('lib/')).sort(), folders.sort())
})

t.test('one owner for each dependency', async (t) => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const owners = tableOf(ARCHITECTURE, 'Who may import whom', 'Dependency', 'Owner')
  t.strictSame(owners.map(({ Dependency }) => Dependency).sort(), Object.keys(dependencies).sort())
  for (const { Dependency, Owner } of owners) {
    const users = imports.filter(({ target, typeOnly }) => target === Dependency && !typeOnly).map(({ from }) => from)
    t.ok(users.length > 0, Dependency)
    t.strictSame(users.filter((from) => !from.startsWith(Owner)), [], Dependency)
  }
})
