import createError from '@fastify/error'
import type { FastifyError } from '@fastify/error'

/** Every error of this package: a stable code, the HTTP status it stands for, and a message fit for a client. */
export interface LlamaSwapError extends FastifyError {
  statusCode: number
  /** Seconds after which another try makes sense; becomes `Retry-After`. On every 429 and 503, and on them alone. */
  retryAfter?: number
  /** What the operator may know and a client may not: the last probe, exit code, lines printed. */
  detail?: string
}

const PREFIX = 'FST_LS_'

// Where nobody can tell when another try makes sense: clients that are told nothing come back at once.
const SOON = 1

function define<Values extends unknown[] = []> (code: string, message: string, status: number, retryAfter?: number): new (...values: Values) => LlamaSwapError {
  const Class = createError(PREFIX + code, message, status) as unknown as new (...values: Values) => LlamaSwapError
  const seconds = retryAfter ?? (status === 429 || status === 503 ? SOON : undefined)
  if (seconds !== undefined) Class.prototype.retryAfter = seconds
  return Class
}

/** All errors, each with one code. The wire code is the same in lower case, without the prefix. */
export const errors = Object.freeze({
  ModelMissing: define('MODEL_MISSING', 'no model id could be identified: name one in the "model" field of the JSON body', 404),
  ModelNotFound: define<[string]>('MODEL_NOT_FOUND', 'no router for requested model "%s": GET /v1/models lists those there are', 404),
  ModelForbidden: define<[string]>('MODEL_FORBIDDEN', 'the model "%s" is not open to this request', 403),
  ModelNotLoaded: define<[string, string]>('MODEL_NOT_LOADED', 'model %s is not loaded; %s', 409),
  ModelRemote: define<[string]>('MODEL_REMOTE', 'the model "%s" is a peer\'s: it is loaded and unloaded there', 404),
  SelectorExhausted: define<[string]>('SELECTOR_EXHAUSTED', 'selector "%s" has no available spillover targets', 503),
  ProfileNotFound: define<[string]>('PROFILE_NOT_FOUND', 'profile "%s" not found: GET /api/profiles lists those there are', 404),
  ProfileInvalid: define<[string]>('PROFILE_INVALID', '%s', 400),
  Unauthorized: define('UNAUTHORIZED', 'unauthorized: invalid or missing API key', 401),
  ModelAmbiguous: define('MODEL_AMBIGUOUS', 'the request has two different "model" fields: send one', 400),
  PathNotAllowed: define<[string]>('PATH_NOT_ALLOWED', 'the path %s is not one of the inference routes, and no other is let through to the model here', 404),
  PathInvalid: define('PATH_INVALID', 'the path is malformed: no "..", backslash, or broken percent-encoding', 400),
  BodyNotJson: define('BODY_NOT_JSON', 'the body is not a JSON object', 400),
  BodyMalformed: define<[string]>('BODY_MALFORMED', 'the form is malformed: %s', 400),
  BodyIncomplete: define('BODY_INCOMPLETE', 'the body ended before its announced length', 400),
  BodyParsed: define<[string]>('BODY_PARSED', 'a body of the type "%s" was parsed before it came to the handler and cannot be sent on: give the route a parser that leaves it as a stream or Buffer', 500),
  BodyTooLarge: define<[number]>('BODY_TOO_LARGE', 'the body is larger than the limit of %d bytes (option bodyLimit)', 413),
  BodyBudget: define('BODY_BUDGET', 'too many large requests are being held: try again', 503),
  BodyEdit: define<[string, 'set' | 'stripped', string]>('BODY_EDIT', 'the parameter "%s" could not be %s in the request: %s', 500),
  QueueFull: define<[number]>('QUEUE_FULL', 'the queue is full: %d requests are waiting', 503),
  TooManyRequests: define<[string, number]>('TOO_MANY_REQUESTS', 'too many requests for the model "%s": %d are waiting or being served (concurrencyLimit)', 429),
  Deadline: define<[string]>('DEADLINE', 'the deadline passed while waiting for the model "%s"', 504),
  StartFailed: define<[string, string]>('START_FAILED', 'the model "%s" could not be started: %s', 502),
  StartTimeout: define<[string, string]>('START_TIMEOUT', 'the model "%s" was not ready in time: %s', 504),
  Unloaded: define<[string]>('UNLOADED', 'the model "%s" was unloaded', 503),
  Cancelled: define('CANCELLED', 'the request was cancelled', 499),
  Crashed: define<[string]>('CRASHED', 'the server of the model "%s" died', 502),
  Stuck: define<[string]>('STUCK', 'the server of the model "%s" cannot be stopped: a process is held by the kernel', 503, 10),
  CoolingDown: define<[string, number]>('COOLING_DOWN', '%s; it will not be tried again for %d s', 503),
  UpstreamUnreachable: define<[string]>('UPSTREAM_UNREACHABLE', 'the server of the model "%s" does not accept connections', 502),
  UpstreamUntrusted: define<[string]>('UPSTREAM_UNTRUSTED', 'the server of the model "%s" could not prove who it is: its certificate is not valid here', 502),
  UpstreamFailed: define<[string]>('UPSTREAM_FAILED', 'the server of the model "%s" broke off before it answered', 502),
  UpstreamTimeout: define<[string]>('UPSTREAM_TIMEOUT', 'the server of the model "%s" did not answer in time', 504),
  UpstreamRefused: define<[string, number]>('UPSTREAM_REFUSED', 'the server of the model "%s" answered with status %d', 502),
  UpstreamNoStream: define<[string, string]>('UPSTREAM_NO_STREAM', 'the server of the model "%s" answered with %s, where an event stream was asked for and has begun: ask without "stream", or turn sendLoadingState off for it', 502),
  UpstreamTruncated: define<[string]>('UPSTREAM_TRUNCATED', 'the server of the model "%s" broke off in the middle of its answer', 502),
  Closing: define('CLOSING', 'the server is shutting down', 503),
  Config: define<[string]>('CONFIG', '%s', 500),
  Options: define<[string]>('OPTIONS', '%s', 500),
  HostForeign: define<[string]>('HOST_FOREIGN', 'the Host header has "%s", which is no name of this machine: ask for localhost, or start with --allow-host and that name', 403),
  OriginForeign: define<[string]>('ORIGIN_FOREIGN', 'a web page of %s asks for this, and pages of others may use the inference routes only: open the address by hand, or start with --allow-host and the name of that site', 403),
  RequestInvalid: define<[string]>('REQUEST_INVALID', 'the request is not valid: %s', 400),
  RequestTimeout: define<[number]>('REQUEST_TIMEOUT', 'the headers of the request did not come within %d s', 408),
  HeadersTooLarge: define<[number]>('HEADERS_TOO_LARGE', 'the headers of the request are larger than the limit of %d bytes', 431),
  Internal: define('INTERNAL', 'the gateway has failed: its log says how', 500)
})

/** Whether an error is one of ours, also when it comes from another copy of this package. */
export function isLlamaSwapError (error: unknown): error is LlamaSwapError {
  return error instanceof Error && typeof (error as FastifyError).code === 'string' && (error as FastifyError).code.startsWith(PREFIX)
}

/** The code that clients see: `FST_LS_MODEL_NOT_FOUND` is `model_not_found`. */
export function wireCode (error: LlamaSwapError): string {
  return error.code.slice(PREFIX.length).toLowerCase()
}

/** Adds what only the operator may see, and when to try again. */
export function withDetail<E extends Error> (error: E, more: { detail?: string, retryAfter?: number }): E {
  return Object.assign(error, more)
}
