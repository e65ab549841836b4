// The layer rule, run through the real eslint.config.js on files that do not exist.
import t from 'tap'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'

const flow = 'data flows down cli -> index.ts -> routes -> proxy -> manager -> scheduler -> model -> launcher -> names -> body -> protocol -> config -> ' +
  'options, errors, events, clock, and answers flow back up'

// Files of the same process have other working directories for a while.
const cwd = fileURLToPath(new URL('../', import.meta.url))
const eslint = new ESLint({ cwd, ruleFilter: ({ ruleId }) => ruleId === 'house/layers' || ruleId === 'no-restricted-exports' })

async function lint (file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code + '\n', { filePath: file })
  return result!.messages.map(({ message }) => message)
}

t.test('nothing imports upward, in whatever form', async (t) => {
  const message = `lib/model must not import lib/manager: ${flow}`
  for (const code of [
    "import { Manager } from '../manager/manager.ts'",
    "import type { Manager } from '../manager/manager.ts'",
    "import { type Manager } from '../manager/manager.ts'",
    "import '../manager/manager.ts'",
    "import * as manager from '../manager/manager.ts'",
    "export { Manager } from '../manager/manager.ts'",
    "export type { Manager } from '../manager/manager.ts'",
    "export * from '../manager/manager.ts'",
    "export type * from '../manager/manager.ts'",
    "const manager = await import('../manager/manager.ts')",
    'const manager = await import(`../manager/manager.ts`)',
    "type Manager = import('../manager/manager.ts').Manager"
  ]) t.same(await lint('lib/model/fake.ts', code), [message], code)
})

t.test('the order of the rooms', async (t) => {
  const rooms = ['lib/cli/x.ts', 'index.ts', 'lib/routes/x.ts', 'lib/proxy/x.ts', 'lib/manager/x.ts', 'lib/scheduler/x.ts', 'lib/model/x.ts',
    'lib/launcher/local/x.ts', 'lib/names/x.ts', 'lib/body/x.ts', 'lib/protocol/x.ts', 'lib/config/x.ts', 'lib/errors.ts']
  const specifier = (from: string, to: string) => '../'.repeat(from.split('/').length - 1) + to
  for (const [i, upper] of rooms.entries()) {
    for (const lower of rooms.slice(i + 1)) {
      const [down, up] = [specifier(upper, lower), specifier(lower, upper)].map((path) => path.startsWith('.') ? path : './' + path)
      t.same(await lint(upper, `import '${down}'`), [], `${upper} may import ${lower}`)
      t.match(await lint(lower, `import '${up}'`), { length: 1, 0: flow }, `${lower} must not import ${upper}`)
    }
  }
})

t.test('what is reported, and how', async (t) => {
  for (const [file, code, message] of [
    ['lib/scheduler/fake.ts', "import '../manager/manager.ts'", `lib/scheduler must not import lib/manager: ${flow}`],
    ['lib/config/fake.ts', "import '../../index.ts'", `lib/config must not import index.ts: ${flow}`],
    ['lib/launcher/local/fake.ts', "import '../../model/pool.ts'", `lib/launcher must not import lib/model: ${flow}`],
    ['lib/errors.ts', "import './config/load.ts'", `lib/errors.ts must not import lib/config: ${flow}`],
    ['index.ts', "import './lib/cli/main.ts'", `index.ts must not import lib/cli: ${flow}`],
    // By the package's own name too.
    ['lib/proxy/fake.ts', "import 'fastify-llama-swap'", `lib/proxy must not import index.ts: ${flow}`],
    ['lib/cli/fake.ts', "import 'fastify-llama-swap/testing'", /^lib\/cli must not import lib\/testing: it stands beside the data flow/],

    ['lib/cli/fake.ts', "import '../testing/index.ts'", /^lib\/cli must not import lib\/testing: it stands beside the data flow/],
    ['lib/testing/fake.ts', "import '../errors.ts'", /^lib\/testing must not import lib\/errors\.ts: it stands beside the data flow and imports nothing of lib/],
    ['lib/testing/fake.ts', "import '../../index.ts'", /^lib\/testing must not import index\.ts: it stands beside/],
    ['lib/body/fake.ts', "import '../../test/helper/app.ts'", /^lib\/body must not import test\/helper\/app\.ts: what is published is index\.ts, lib and types/],
    ['lib/attic/fake.ts', '', /^lib\/attic has no place in the house/],
    ['lib/util.ts', '', /^lib\/util\.ts has no place in the house/],
    ['lib/model/fake.ts', "import '../attic/fake.ts'", /^lib\/attic has no place in the house/],

    ['types/fake.ts', "import type { LlamaSwapError } from '../lib/errors.ts'", /^types must not import lib\/errors\.ts: everybody may import types, so they lie beneath all data flow/],
    ['types/fake.ts', "import { Pool } from 'undici'", /^types must not import undici: types hold no code/],
    ['types/fake.ts', "import type { Result } from 'execa'", /^types must not import execa: types hold no code/],

    ['lib/model/fake.ts', "import { execa } from 'execa'", "lib/model must not import execa: each dependency has one owner, and this one is lib/launcher/local's"],
    ['lib/launcher/fake.ts', "import type { Options } from 'execa'", /one owner, and this one is lib\/launcher\/local's$/],
    ['lib/routes/fake.ts', "import replyFrom from '@fastify/reply-from'", /one owner, and this one is lib\/proxy's$/],
    ['index.ts', "const { default: replyFrom } = await import('@fastify/reply-from')", /one owner, and this one is lib\/proxy's$/],
    ['lib/proxy/fake.ts', "import { fetch } from 'undici'", "lib/proxy must not import undici: each dependency has one owner, and this one is lib/model's (`import type` is free for all)"],
    ['lib/proxy/fake.ts', "export { Pool } from 'undici'", /one owner, and this one is lib\/model's/],
    ['lib/options.ts', "import { Ajv } from 'ajv'", /one owner, and this one is lib\/config's$/],
    ['lib/options.ts', "import Ajv from 'ajv/dist/2020.js'", /one owner, and this one is lib\/config's$/],
    ['lib/cli/fake.ts', "import { parse } from 'yaml'", /one owner, and this one is lib\/config's$/],
    ['lib/cli/fake.ts', "import fp from 'fastify-plugin'", /one owner, and this one is index\.ts's$/],
    ['lib/manager/fake.ts', "import createError from '@fastify/error'", /one owner, and this one is lib\/errors\.ts's$/],

    ['lib/model/fake.ts', 'export default 1', "Exporting 'default' is restricted."],
    ['lib/model/fake.ts', 'const x = 1\nexport { x as default }', "Exporting 'default' is restricted."],
    ['lib/model/fake.ts', "export { default } from './pool.ts'", "Exporting 'default' is restricted."]
  ] as const) t.match(await lint(file, code), { length: 1, 0: message }, `${file}: ${code}`)
})

t.test('what is not reported', async (t) => {
  for (const [file, code] of [
    ['lib/model/fake.ts', "import { Pool } from 'undici'\nimport './pool.ts'\nimport type { Lease } from '../../types/lease.ts'"],
    ['lib/proxy/fake.ts', "import type { Dispatcher } from 'undici'\nimport replyFrom from '@fastify/reply-from'\nimport { once } from 'node:events'"],
    ['lib/launcher/local/fake.ts', "import { execa } from 'execa'"],
    ['lib/config/fake.ts', "import { Ajv } from 'ajv'\nimport { parse } from 'yaml'\nimport { errors } from '../errors.ts'"],
    ['lib/errors.ts', "import './events.ts'\nimport createError from '@fastify/error'"],
    ['lib/cli/fake.ts', "import { llamaSwap } from '../../index.ts'\nimport manifest from '../../package.json' with { type: 'json' }"],
    ['lib/testing/fake.ts', "import './options.ts'\nimport type { Lease } from '../../types/lease.ts'\nimport { createServer } from 'node:http'"],
    ['types/fake.ts', "import type { Lease } from './lease.ts'\nimport type { FastifyRequest } from 'fastify'\nimport type { Dispatcher } from 'undici'\nimport type { Socket } from 'node:net'"],
    ['index.ts', "import fp from 'fastify-plugin'\nexport type * from './types/config.ts'\nexport default 1"],
    // Not of the house.
    ['types/fake.tst.ts', "import { llamaSwap } from '../index.ts'"],
    ['test/fake.test.ts', "import { execa } from 'execa'\nimport '../lib/manager/manager.ts'\nimport 'fastify-llama-swap/testing'\nexport default 1"],
    ['examples/fake.ts', "import { parse } from 'yaml'\nimport llamaSwap from '../index.ts'"],
    ['bench/fake.js', "import { request } from 'undici'"]
  ] as const) t.same(await lint(file, code), [], `${file}: ${code}`)
})

t.test('an eslint-disable that disables nothing is an error', async (t) => {
  const [result] = await new ESLint({ cwd }).lintText('// eslint-disable-next-line no-undef\nexport const x = 1\n', { filePath: 'lib/model/fake.ts' })
  t.match(result!.messages, [{ severity: 2, message: /^Unused eslint-disable directive/ }])
})
