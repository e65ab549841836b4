// Secrets are shown nowhere: not in errors, not in warnings, not by what prints a config, not by status().
import { inspect } from 'node:util'
import t from 'tap'
import Fastify from 'fastify'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import llamaSwap from '../index.ts'
import { loadConfig } from '../lib/config/load.ts'
import { createMask, maskOf } from '../lib/config/mask.ts'
import { renderConfig } from '../lib/config/render.ts'
import { directoryOf, fileOf, loadYaml, yamlModel } from './helper/config.ts'
import { startPort, until } from './helper/app.ts'

const SECRET = 'sk-s3cr3t-v4lue'
const env = { API_KEY: SECRET, HF_TOKEN: SECRET, MY_SECRET: SECRET, DB_PASSWORD: SECRET, GCP_CREDENTIALS: SECRET, hf_token: SECRET, PLAIN: 'plain-value' }

/** Everything that loading that config tells. */
async function told (source: Parameters<typeof loadConfig>[0], strict = true): Promise<string> {
  const failure = await loadConfig(source, { env, strict }).then(({ warnings }) => warnings.join('\n'), (error: Error & { detail: string }) => `${error.message}\n${error.detail}\n${inspect(error)}`)
  const { warnings } = await loadConfig(source, { env }).catch(() => ({ warnings: [] }))
  return [failure, ...warnings].join('\n')
}

const texts: Record<string, string> = {
  'a YAML error right there': yamlModel('name: @${env.API_KEY}'),
  'a YAML error beside it': yamlModel('aliases: [${env.API_KEY}'),
  'a wrong tag': yamlModel('name: !!int ${env.API_KEY}'),
  'a duplicate key': yamlModel('metadata: {${env.API_KEY}: 1, ${env.API_KEY}: 2}'),
  'an unknown alias': yamlModel('name: *${env.API_KEY}'),
  'an unknown key': yamlModel('${env.API_KEY}: 1'),
  'a wrong type': yamlModel('ttl: ${env.API_KEY}'),
  'a wrong value': 'logToStdout: ${env.API_KEY}',
  'a wrong proxy': yamlModel('proxy: ${env.HF_TOKEN}'),
  'a wrong check': yamlModel('checkEndpoint: "%${env.MY_SECRET}"'),
  'a duplicate alias': yamlModel('aliases: ["${env.DB_PASSWORD}", "${env.DB_PASSWORD}"]'),
  'an unknown macro': yamlModel("name: '${${env.GCP_CREDENTIALS}}'"),
  'an unknown member': 'groups: {g: {members: ["${env.hf_token}"]}}',
  'an id': 'models: {"${env.API_KEY}": 1}',
  'an unknown preload': 'hooks: {on_startup: {preload: ["${env.API_KEY}"]}}',
  'a bad pattern': 'upstream: {ignorePaths: ["(${env.API_KEY}"]}',
  'a bad duration': 'performance: {every: "${env.API_KEY}"}',
  'a store': 'store: {path: "/none/${env.API_KEY}/x"}',
  'api keys of the environment': 'apiKeys: ["${env.API_KEY} x"]',
  'api keys written out': `apiKeys: ["${SECRET} x"]`,
  'api keys that are no list': `apiKeys: ${SECRET}`,
  'api keys with an empty one': `apiKeys: ["${SECRET}", ~]`,
  'api keys that are fine, beside another error': `apiKeys: ["${SECRET}"]\nstartPort: x`,
  'api keys with a wrong tag': `apiKeys: [!!int "${SECRET}"]`,
  'a peer\'s key': `peers: {p: {apiKey: "${SECRET}", proxy: "ftp://${SECRET}", models: [m]}}`,
  'a peer\'s key that is no text': `peers: {p: {apiKey: ["${SECRET}"], proxy: "http://x", models: [m]}}`
}
for (const [what, text] of Object.entries(texts)) {
  t.test(`not in errors: ${what}`, async (t) => {
    const output = await told(fileOf(text))
    t.match(output, /c\.yaml:/)
    t.notMatch(output, SECRET)
  })
}

t.test('not in errors of merging', async (t) => {
  const output = await told(directoryOf({ 'a.yaml': 'logLevel: ${env.API_KEY}\nmodels: {"${env.API_KEY}": {cmd: x}}', 'b.yaml': 'logLevel: x\nmodels: {"${env.API_KEY}": {cmd: x}}' }))
  t.match(output, /conflicts with/)
  t.notMatch(output, SECRET)
})

t.test('not in errors of objects', async (t) => {
  t.notMatch(await told({ apiKeys: [`${SECRET} x`], peers: { p: { apiKey: SECRET, proxy: SECRET, models: [] } } }), SECRET)
})

t.test('a part of a name is enough, in any case; values of other variables are shown', async (t) => {
  const output = await told(fileOf(yamlModel('ttl: ${env.PLAIN}', 'proxy: ${env.PLAIN}', '${env.PLAIN}: 1')))
  t.match(output, 'plain-value')
})

t.test('a value that refers to another variable', async (t) => {
  await t.rejects(loadConfig(fileOf('logToStdout: ${env.A_KEY}'), { env: { A_KEY: 'x-${env.B}', B: 'inner-value' } }), { message: /not "\*\*\*"$/ })
})

t.test('not printed, in no form that a command gives them', async (t) => {
  for (const secret of [SECRET, 'with "quotes" in it', 'back\\slash\\value', "it's-quoted", 'sp ace-d value', 'un"balanced']) {
    const { config } = await loadYaml(yamlModel('env: ["HF_TOKEN=${env.T_KEY}"]', 'description: "${env.T_KEY}"').replace('server', 'server --key ${env.T_KEY} --q "${env.T_KEY}"'), { env: { T_KEY: secret } })
    const rendered = renderConfig(config)
    t.match(rendered, '***')
    for (const part of secret.split(/[\s"'\\]+/).filter((part) => part.length >= 4)) t.notMatch(rendered, part, `${secret}: ${part}`)
  }
})

t.test('not printed: keys of peers', async (t) => {
  const { config } = await loadYaml('peers: {p: {proxy: "http://x", models: [m], apiKey: abc}, q: {proxy: "http://abcd-efg", models: [n], apiKey: abcd-efg}}')
  t.notMatch(renderConfig(config), /abc/)
  t.equal(config.peers.peers.get('p')!.apiKey, 'abc', 'but kept for use')
})

t.test('not printed: what a config gives to a variable with the name of a secret', async (t) => {
  const { config } = await loadYaml(yamlModel('env: [HF_TOKEN=abc, A=1]'))
  t.match(renderConfig(config), /- HF_TOKEN=\*\*\*\n *- A=1\n/)
})

t.test('not printed: credentials in URLs', async (t) => {
  const { config } = await loadYaml('models: {a: {cmd: x, proxy: "http://me:pw@h:1/p"}}\npeers: {p: {proxy: "https://me:pw@h", models: [m]}}')
  t.match(renderConfig(config), /proxy: http:\/\/\*\*\*@h:1\/p\n[^]*proxy: https:\/\/\*\*\*@h\n/)
  t.notMatch(renderConfig(config), 'me:pw')
})

t.test('the config itself does not carry them about', async (t) => {
  const { config } = await loadYaml(yamlModel(), { env })
  t.strictSame(Reflect.ownKeys(config).filter((key) => /secret|mask/i.test(String(key))), [])
})

t.test('masks: the longest first, and nothing short', async (t) => {
  const mask = createMask(['abcd', 'abcdefgh', '1', ''])
  t.equal(mask('abcdefgh abcd 1 x'), '*** *** 1 x')
  t.equal(createMask([])('x'), 'x')
  const { config } = await loadConfig({ models: { a: { cmd: 'x ${PORT}' } } })
  t.equal(maskOf(config)('anything'), 'anything')
  t.equal(maskOf(config.models.get('a')!)('anything'), 'anything')
})

t.test('status() and /running hide them, the server gets them', async (t) => {
  process.env.FLS_TEST_KEY = SECRET
  t.teardown(() => { delete process.env.FLS_TEST_KEY })
  const file = fileOf(`startPort: ${startPort()}\nmodels:\n  a:\n    cmd: |\n      ${upstreamCommand({ name: 'a' })} --say=\${env.FLS_TEST_KEY}\n`)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(llamaSwap, { config: file, routes: { admin: true } })
  t.equal((await app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { model: 'a', messages: [] } })).statusCode, 200)
  await until(() => app.llamaSwap.status().models[0]!.lastLines.length > 0)
  t.match(app.llamaSwap.status().models[0]!.command.at(-1), '--say=***')
  t.match(app.llamaSwap.status().models[0]!.lastLines, ['***'])
  const running = (await app.inject('/running')).body
  t.match(running, '--say=***')
  t.notMatch(running, SECRET)
  t.notMatch(JSON.stringify(app.llamaSwap.status()), SECRET)
})

t.test('what a server prints of them is hidden in log events, in the log that is followed, and in the error of a failed start', async (t) => {
  process.env.FLS_TEST_KEY = SECRET
  t.teardown(() => { delete process.env.FLS_TEST_KEY })
  const command = (more: string): string => `${upstreamCommand({ name: 'a' })} --say=\${env.FLS_TEST_KEY} ${more}`
  const file = fileOf(`startPort: ${startPort()}\nmodels:\n  a:\n    cmd: |\n      ${command('')}\n  broken:\n    cmd: |\n      ${command('--exit-code 3')}\n`)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(llamaSwap, { config: file })
  const lines: string[] = []
  app.llamaSwap.on('log', ({ line }) => lines.push(line))
  await app.llamaSwap.load('a')
  await until(() => lines.length > 0)
  t.strictSame(lines, ['***'])
  t.match(await app.llamaSwap.logs('a', { history: true }).next(), { value: { line: '***' } })
  const error = await app.llamaSwap.load('broken').then(() => undefined, (failure: Error & { detail?: string }) => failure)
  t.match(error, { code: 'FST_LS_START_FAILED', detail: /\*\*\*/ })
  t.notMatch(error!.message + error!.detail!, SECRET)
})
