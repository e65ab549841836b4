// Random texts and objects: each is a config or an FST_LS_CONFIG error, within a second.
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { loadConfig } from '../lib/config/load.ts'
import type { ConfigSource } from '../lib/config/load.ts'
import { configSchema } from '../lib/config/schema/config.ts'
import { modelSchema } from '../lib/config/schema/model.ts'
import { fileOf } from './helper/config.ts'

t.setTimeout(120_000)

/** Loads it and tells how long that took; throws what is no error of ours. */
async function attempt (source: unknown): Promise<void> {
  const start = process.cpuUsage()
  try {
    const { config, warnings } = await loadConfig(source as ConfigSource, { env: { A: 'x', KEY: '${env.A}' } })
    if (config.models === undefined || warnings.some((line) => typeof line !== 'string')) throw new Error('no config')
  } catch (error) {
    const { code, message } = error as { code?: string, message: string }
    if (code !== 'FST_LS_CONFIG' || !message.startsWith('invalid config:')) throw error
  }
  const { user, system } = process.cpuUsage(start)
  if (user + system > 1_000_000) throw new Error(`it took ${(user + system) / 1000} ms`)
}

const words = fc.constantFrom(
  ...Object.keys(configSchema.properties), ...Object.keys(modelSchema.properties), 'use', 'settings', 'fifo', 'priority', 'members', 'sets', 'vars', 'pins', 'targets', 'strategy', 'a', 'b', '<<', 'x-a',
  '${PORT}', '${MODEL_ID}', '${PID}', '${a}', '${env.A}', '${env.KEY}', '${env.NO}', '${', '}', 'http://x', 'true', 'yes', '1.5', '017', '.inf', '2024-01-01', '~', 'null', '-1', '""', '__proto__', 'constructor'
)
const yamlPieces = fc.oneof(
  { weight: 6, arbitrary: words },
  { weight: 6, arbitrary: fc.constantFrom(': ', ':\n  ', '\n', '\n  ', '\n    ', '- ', '\n- ', '[', ']', '{', '}', ', ', '|\n', '>-\n ', '"', "'", '# ', ' #', '&a ', '*a', '!!int ', '!!str ', '!x ', '? ', '---\n', '...\n', '%YAML 1.2\n', '\t', '\r\n', '\\', '@', '`', '<<: *a') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) }
)

t.test('texts of YAML\'s own pieces', async () => {
  await fc.assert(fc.asyncProperty(fc.array(yamlPieces, { maxLength: 60 }), async (pieces) => attempt(fileOf(pieces.join('')))), { numRuns: 1500 })
})

t.test('texts of anything', async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => attempt(fileOf(text))), { numRuns: 300 })
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 50 }), async (bytes) => attempt(fileOf(bytes))), { numRuns: 300 })
})

// Trees of the keys that there are, with values of all sorts below them.
const leaf = fc.oneof(words, fc.string({ maxLength: 8 }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined))
const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof({ maxDepth: 6, withCrossShrink: true }, leaf, fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(fc.oneof(words, fc.string({ maxLength: 4 })), tie('node'), { maxKeys: 5 }))
})).node
const model = fc.dictionary(fc.constantFrom(...Object.keys(modelSchema.properties)), tree, { maxKeys: 6 }).map((model) => ({ cmd: 'server ${PORT}', ...model }))
const config = fc.dictionary(fc.constantFrom(...Object.keys(configSchema.properties)), tree, { maxKeys: 6 })

t.test('random trees as objects', async () => {
  await fc.assert(fc.asyncProperty(tree.filter((value) => typeof value !== 'string' && !(Array.isArray(value) && value.every((item) => typeof item === 'string'))), attempt), { numRuns: 700 })
  await fc.assert(fc.asyncProperty(config, fc.dictionary(fc.string({ maxLength: 5 }), model, { maxKeys: 3 }), async (top, models) => attempt({ models, ...top })), { numRuns: 700 })
})

t.test('random trees as YAML', async () => {
  await fc.assert(fc.asyncProperty(config, fc.dictionary(fc.string({ maxLength: 5 }), model, { maxKeys: 3 }), async (top, models) => attempt(fileOf(stringify({ models, ...top })))), { numRuns: 400 })
})

t.test('an object and the YAML of it mean the same', async (t) => {
  const simple = fc.record({ ttl: fc.integer({ min: -1, max: 1000 }), name: fc.string(), unlisted: fc.boolean(), aliases: fc.array(fc.string({ minLength: 1 }), { maxLength: 2 }), metadata: fc.dictionary(fc.string(), fc.jsonValue()) }, { requiredKeys: [] })
  const outcome = async (source: unknown): Promise<unknown> => loadConfig(source as ConfigSource).then(({ config }) => [...config.models], ({ detail }: { detail: string }) => detail.replace(/^\S+:\d+:\d+ ?/gm, ''))
  await fc.assert(fc.asyncProperty(simple, async (more) => {
    const config = { models: { a: { cmd: 'server ${PORT}', ...more } } }
    // Quoted: plain `5_1` is a text in the YAML 1.2 that is written, and a number in llama-swap's.
    t.strictSame(await outcome(fileOf(stringify(config, { defaultStringType: 'QUOTE_DOUBLE' }))), await outcome(config))
  }), { numRuns: 200 })
})
