import t from 'tap'
import { errors, isLlamaSwapError, wireCode, withDetail } from '../lib/errors.ts'
import type { LlamaSwapError } from '../lib/errors.ts'
import { errorBody, errorEvent, wordsOf } from '../lib/protocol/error-body.ts'
import type { Protocol } from '../lib/protocol/protocol.ts'

const protocols: Protocol[] = ['openai', 'chat', 'anthropic', 'plain']

function withStatus (statusCode: number): LlamaSwapError {
  return Object.assign(new errors.Closing(), { statusCode })
}

t.test('OpenAI clients and plain ones get llama-swap\'s envelope', async (t) => {
  for (const protocol of ['openai', 'plain'] as const) {
    t.strictSame(errorBody(new errors.ModelNotFound('nope'), protocol), {
      src: 'llama-swap',
      error: {
        message: 'no router for requested model "nope": GET /v1/models lists those there are',
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found'
      }
    })
  }
})

t.test('Anthropic clients get theirs', async (t) => {
  t.strictSame(errorBody(new errors.BodyNotJson(), 'anthropic'), { type: 'error', error: { type: 'invalid_request_error', message: 'the body is not a JSON object' } })
})

t.test('the type follows from the status', async (t) => {
  const table: Array<[status: number, openai: string, anthropic: string]> = [
    [400, 'invalid_request_error', 'invalid_request_error'],
    [401, 'authentication_error', 'authentication_error'],
    [403, 'authentication_error', 'permission_error'],
    [404, 'invalid_request_error', 'not_found_error'],
    [413, 'invalid_request_error', 'request_too_large'],
    [422, 'invalid_request_error', 'invalid_request_error'],
    [429, 'rate_limit_error', 'rate_limit_error'],
    [499, 'invalid_request_error', 'invalid_request_error'],
    [500, 'server_error', 'api_error'],
    [502, 'server_error', 'api_error'],
    [503, 'server_error', 'overloaded_error'],
    [504, 'server_error', 'api_error']
  ]
  for (const [status, openai, anthropic] of table) {
    t.match(errorBody(withStatus(status), 'openai'), { error: { type: openai } }, `${status}`)
    t.match(errorBody(withStatus(status), 'plain'), { error: { type: openai } }, `${status}`)
    t.match(errorBody(withStatus(status), 'anthropic'), { error: { type: anthropic } }, `${status}`)
  }
})

t.test('what only the operator may know is in no body', async (t) => {
  const error = withDetail(new errors.StartFailed('a', 'it exited with code 1'), { detail: 'last lines:\nsecret', retryAfter: 5 })
  for (const protocol of protocols) t.notMatch(JSON.stringify(errorBody(error, protocol)) + errorEvent(error, protocol), /secret|retry|stack|detail/i)
})

t.test('in the middle of a stream an error is one event, in the protocol\'s form', async (t) => {
  const error = new errors.UpstreamTruncated('two\nlines')
  for (const protocol of protocols) {
    const event = errorEvent(error, protocol)
    const [, name, data] = /^(event: error\n)?data: (.+)\n\n$/.exec(event) ?? []
    t.equal(name, protocol === 'openai' || protocol === 'chat' ? undefined : 'event: error\n', protocol)
    t.strictSame(JSON.parse(data!), errorBody(error, protocol), 'a line end in the text does not end the event')
  }
})

t.test('of a server\'s error, the words on one line; nothing where clients would see no error', async (t) => {
  t.equal(wordsOf('{\n  "error": {"message": "no"},\n  "x": 1\n}'), '{"error":{"message":"no"},"x":1}')
  t.equal(wordsOf('{"type":"error","error":"no"}'), '{"type":"error","error":"no"}')
  for (const body of ['', '{"error":', '{"detail":"no"}', '{"error":null}', '{"error":""}', '[]', 'null', '5', '"error"', '<html>error</html>']) t.equal(wordsOf(body), undefined, body)
})

t.test('every error has a code of its own, a status, and its wire code', async (t) => {
  const all = Object.entries(errors).map(([name, Type]) => ({ name, error: new (Type as new (...values: unknown[]) => LlamaSwapError)('x', 1, 'y') }))
  for (const { name, error } of all) {
    t.equal(error.code, `FST_LS_${name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`)
    t.equal(wireCode(error), error.code.slice(7).toLowerCase())
    t.ok(error.statusCode >= 400 && error.statusCode < 600)
    t.ok(isLlamaSwapError(error))
    t.notMatch(error.message, /%[sdo]/)
    t.equal(error.retryAfter !== undefined, [429, 503].includes(error.statusCode), `${name}: Retry-After on every 429 and 503`)
  }
  t.equal(new Set(all.map(({ error }) => error.code)).size, all.length)
  t.equal(wireCode(new errors.ModelNotFound('x')), 'model_not_found')
})

t.test('errors of others are not taken for ours', async (t) => {
  for (const error of [new Error('x'), Object.assign(new Error('x'), { code: 'FST_ERR_X' }), Object.assign(new Error('x'), { code: 5 }), { code: 'FST_LS_CLOSING' }, 'FST_LS_CLOSING', null, undefined]) {
    t.notOk(isLlamaSwapError(error))
  }
  t.ok(isLlamaSwapError(Object.assign(new Error('x'), { code: 'FST_LS_CLOSING' })), 'those of another copy of this package are')
})
