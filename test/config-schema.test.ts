// config.schema.json, for editors: current, and saying the same as the check at the start.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import type { ConfigInput } from '../index.ts'
import { loadConfig } from '../lib/config/load.ts'
import { configSchema } from '../lib/config/schema/config.ts'
import { publishedSchema } from '../lib/config/schema/published.ts'
import { typesOf } from '../lib/config/schema/schema.ts'
import type { Schema } from '../lib/config/schema/schema.ts'
import { blocksOf, pages, root } from './helper/snippets.ts'

const schema = JSON.parse(readFileSync(join(root, 'config.schema.json'), 'utf8')) as object
const check = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema)

t.test('the file is current: run "npm run schema" after a change', async (t) => {
  t.strictSame(schema, JSON.parse(JSON.stringify(publishedSchema())))
})

t.test('the package exports it', async (t) => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, string> }
  t.equal(exports['./config.schema.json'], './config.schema.json')
})

/** Every key, with its path. */
function * keysOf (schema: Schema, path: readonly string[] = []): Generator<{ path: readonly string[], schema: Schema }> {
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    yield { path: [...path, key], schema: value }
    yield * keysOf(value, [...path, key])
  }
  if (schema.additionalProperties !== undefined) yield * keysOf(schema.additionalProperties, [...path, 'x'])
}

t.test('every key has a description, and what its default and examples say is allowed', async (t) => {
  const ajv = new Ajv({ allowUnionTypes: true, strict: false, validateFormats: false })
  for (const { path, schema } of keysOf(configSchema)) {
    t.ok(schema.description, path.join('.'))
    const isValue = typesOf(schema).length === 0 ? () => true : ajv.compile(schema)
    for (const value of [...schema.examples ?? [], ...schema.default === undefined ? [] : [schema.default]]) {
      t.ok(isValue(value), `${path.join('.')}: ${JSON.stringify(value)}`)
    }
    const isBlock = schema.properties !== undefined
    t.ok(isBlock || schema.examples !== undefined, `${path.join('.')} has an example`)
  }
})

t.test('the defaults are those that count', async (t) => {
  const cmd = 'server ${PORT}'
  const defaultsOf = (schema: Schema): Record<string, unknown> => Object.fromEntries(Object.entries(schema.properties ?? {}).flatMap(([key, value]): Array<[string, unknown]> => {
    if (value.default !== undefined) return [[key, value.default]]
    return value.properties !== undefined && value.required === undefined ? [[key, defaultsOf(value)]] : []
  }))
  const { groups, matrix, ...top } = defaultsOf(configSchema)
  const routing = top.routing as { router: { settings?: object } }
  delete routing.router.settings
  const plain = await loadConfig({ models: { a: { cmd } } })
  const written = await loadConfig({ ...top, models: { a: { cmd, ...defaultsOf(configSchema.properties.models.additionalProperties) } } })
  const comparable = ({ config: { ignorePaths, ...config } }: typeof plain) => ({ ...config, ignorePaths: ignorePaths.map(({ source }) => source) })
  t.strictSame(comparable(written), comparable(plain))
})

t.test('it accepts the configs of the docs', async (t) => {
  for (const page of pages) {
    for (const { text, place } of blocksOf(page).filter(({ language }) => language === 'yaml')) t.ok(check(parse(text, { merge: true })), `${place} ${JSON.stringify(check.errors)}`)
  }
})

t.test('it knows what editors must not complain about', async (t) => {
  const models = (more: object): object => ({ models: { a: { cmd: 'x', ...more } } })
  for (const config of [models({ ttl: '${ttl}', unlisted: '${u}', name: 1.5, aliases: [5, null], timeouts: { connect: '${c}' } }), { 'x-anchors': { any: [1] } }, { models: null, peers: null, logToStdout: '${out}' }, { macros: { a: 1, b: true, c: 'x', d: null } }]) {
    t.ok(check(config), JSON.stringify(check.errors))
  }
})

t.test('and what they must', async (t) => {
  for (const config of [{ modles: {} }, { models: { a: null } }, { models: { a: {} } }, { models: { a: { cmd: 'x', tlt: 5 } } }, { models: { a: { cmd: 'x', ttl: 'soon' } } }, { models: { a: { cmd: [] } } }, { logToStdout: 'x' }, { startPort: 0 }, { performance: { every: 5 } }, { performance: { every: '5 s' } }, { macros: { 'a.b': 1 } }, { profiles: { p: [] } }, []]) {
    t.notOk(check(config), JSON.stringify(config))
  }
})

// Random configs: values of the right type and of others, known keys and some that nobody knows.
const scalar = fc.oneof(fc.integer({ min: -2, max: 70_000 }), fc.boolean(), fc.constantFrom('x', '', '5s', 'both', 'text', 'http://x', 'none'), fc.constant(null), fc.double({ noNaN: true, min: -5, max: 5 }))
function arbitraryOf (schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const other = fc.oneof(scalar, fc.constant([]), fc.constant({}))
  if (schema.items !== undefined) return fc.oneof({ weight: 400, arbitrary: fc.array(arbitraryOf(schema.items, depth + 1), { maxLength: 2 }) }, other)
  if (schema.properties !== undefined) {
    const keys = Object.fromEntries(Object.entries(schema.properties).map(([key, value]) => [key, arbitraryOf(value, depth + 1)]))
    return fc.oneof({ weight: 400, arbitrary: fc.record(keys, { requiredKeys: (schema.required ?? []) as never[] }) }, other)
  }
  if (schema.additionalProperties !== undefined) return fc.oneof({ weight: 400, arbitrary: fc.dictionary(fc.constantFrom('a', 'b'), arbitraryOf(schema.additionalProperties, depth + 1), { maxKeys: 2 }) }, other)
  return fc.oneof({ weight: 200, arbitrary: fc.constantFrom(...schema.examples ?? schema.enum ?? ['x']) }, scalar)
}

t.test('what it accepts the check at the start accepts too, as far as types go', async (t) => {
  let accepted = 0
  await fc.assert(fc.asyncProperty(arbitraryOf(configSchema), async (config) => {
    if (!check(config)) return
    accepted++
    const problems = await loadConfig(config as ConfigInput).then(() => [], ({ detail }: { detail: string }) => detail.split('\n'))
    const wrongTypes = problems.filter((line) => / must be (an? (integer|map|list|string|number)|true or false)/.test(line))
    t.strictSame(wrongTypes, [], JSON.stringify(config))
  }), { numRuns: 300 })
  t.ok(accepted > 10, `${accepted}`)
})
