import t from 'tap'
import { expandMacros } from '../lib/config/macros.ts'
import type { ModelInput } from '../types/config.ts'

const expand = (model: ModelInput, id = 'qwen') => expandMacros(id, model)
const messages = (model: ModelInput, id?: string): string[] => expand(model, id).problems.map(({ path, message }) => `${path.join('.')}: ${message}`)

t.test('MODEL_ID is replaced wherever text may stand', async (t) => {
  const { model, problems } = expand({
    cmd: 'server ${MODEL_ID} --alias=${MODEL_ID}/${MODEL_ID} ${PORT}',
    cmdStop: 'stop ${MODEL_ID}',
    proxy: 'http://127.0.0.1:${PORT}/${MODEL_ID}',
    checkEndpoint: '/${MODEL_ID}/health',
    name: 'The ${MODEL_ID}',
    description: '${MODEL_ID} does',
    env: ['A=1', 'M=${MODEL_ID}'],
    aliases: ['${MODEL_ID}-alias']
  })
  t.strictSame(problems, [])
  t.strictSame(model, {
    cmd: 'server qwen --alias=qwen/qwen ${PORT}',
    cmdStop: 'stop qwen',
    proxy: 'http://127.0.0.1:${PORT}/qwen',
    checkEndpoint: '/qwen/health',
    name: 'The qwen',
    description: 'qwen does',
    env: ['A=1', 'M=qwen'],
    aliases: ['qwen-alias']
  })
})

t.test('an id with characters that mean something to a replacement is taken as it is', async (t) => {
  for (const id of ['$&', '$1', '$$', '${PORT}', '\\1']) t.equal(expand({ cmd: 'a ${MODEL_ID} b ${PORT}' }, id).model.cmd, `a ${id} b \${PORT}`)
})

t.test('without a proxy the server is expected on its port', async (t) => {
  t.equal(expand({ cmd: 'a ${PORT}' }).model.proxy, 'http://localhost:${PORT}')
  t.equal(expand({ cmd: 'a ${PORT}', proxy: undefined } as unknown as ModelInput).model.proxy, 'http://localhost:${PORT}')
})

t.test('PORT is only there for models that use it in cmd', async (t) => {
  const message = 'uses ${PORT} but cmd does not: ${PORT} is only available when used in cmd'
  t.strictSame(messages({ cmd: 'a' }), [`models.qwen.proxy: ${message}`], 'the default proxy')
  t.strictSame(messages({ cmd: 'a', proxy: 'http://x:${PORT}' }), [`models.qwen.proxy: ${message}`])
  t.strictSame(messages({ cmd: 'a', proxy: 'http://x', cmdStop: 'b ${PORT}', env: ['A=1', 'P=${PORT}'] }), [`models.qwen.cmdStop: ${message}`, `models.qwen.env.1: ${message}`])
  t.strictSame(messages({ cmd: 'a ${PORT}', cmdStop: 'b ${PORT}', env: ['P=${PORT}'] }), [])
})

t.test('PID is only there in cmdStop', async (t) => {
  t.strictSame(messages({ cmd: 'a ${PORT}', cmdStop: 'kill ${PID}' }), [])
  t.strictSame(messages({ cmd: 'a ${PORT} ${PID}', name: '${PID}' }), ["models.qwen.cmd: unknown macro '${PID}'", "models.qwen.name: unknown macro '${PID}'"])
  t.strictSame(messages({ cmd: 'a ${PORT} ${PID}' }, 'cmdStop'), ["models.cmdStop.cmd: unknown macro '${PID}'"], 'nor for a model of that name')
})

t.test('every unknown macro is named, with its place', async (t) => {
  t.strictSame(messages({ cmd: 'a ${PORT} ${x} ${y}', checkEndpoint: '/${z}', env: ['A=${env.HOME}'], aliases: ['b', '${}'] }), [
    "models.qwen.cmd: unknown macro '${x}'",
    "models.qwen.cmd: unknown macro '${y}'",
    "models.qwen.checkEndpoint: unknown macro '${z}'",
    "models.qwen.env.0: unknown macro '${env.HOME}'",
    "models.qwen.aliases.1: unknown macro '${}'"
  ])
})

t.test('what is no macro is left alone', async (t) => {
  const cmd = 'a ${PORT} $MODEL_ID {MODEL_ID} $(id) ${PORT ${unclosed $'
  t.strictSame(expand({ cmd }), { model: { cmd, proxy: 'http://localhost:${PORT}' }, problems: [] })
})

t.test('macros in comments are not looked at', async (t) => {
  t.strictSame(messages({ cmd: '# was: old ${x}\nserver ${PORT}\n  # ${PID}', cmdStop: '# ${y}\nstop ${PID}' }), [])
  t.strictSame(messages({ cmd: '# --port ${PORT}\nserver' }).length, 1, 'a port in a comment is not used')
})

t.test('the input is not changed', async (t) => {
  const model = { cmd: '# c\na ${PORT} ${MODEL_ID}', env: ['A=${MODEL_ID}'], aliases: ['${MODEL_ID}'] }
  const before = structuredClone(model)
  expand(model)
  t.strictSame(model, before)
})
