import { validateHeaderName, validateHeaderValue } from 'node:http'
import { deaths } from './death.ts'
import { queryOf } from './exchange.ts'

/**
 * What goes wrong with one answer: the key `fault` of a JSON body, else (other bodies, GET) the query parameter `fault`, which holds the same as JSON.
 * Both pass through a proxy untouched. A request that asks for none gets the one that the upstream was started with.
 */
export interface Fault {
  /** Sends an answer with this status before the real one. */
  informational?: 100 | 102 | 103
  /** Waits before the headers. */
  delayMs?: number
  /** Sends the headers, then waits. */
  firstChunkDelayMs?: number
  /** How many content events a stream has; default 5. */
  chunks?: number
  /** The pause between two events; default 5. With 0 they follow each other as fast as they are read. */
  chunkMs?: number
  /** Each content event is padded to so many bytes of text. */
  chunkBytes?: number
  /** How the answer is cut off: the connection closed or reset, or the whole process killed. Nothing after it is sent. */
  die?: 'fin' | 'rst' | 'sigkill'
  /** Events written before that (a plain answer counts as one); default 0, after the headers. Past the last event it dies before the proper end. */
  dieAfterChunks?: number
  /** Dies instead of sending headers. */
  dieBeforeHeaders?: boolean
  /** Writes half of the next event (or of a plain answer's body) first. */
  dieMidEvent?: boolean
  /** Answers with this status, a JSON error and `Connection: close`; it never streams. */
  status?: number
  /** A plain answer's Content-Length promises more than it sends before it closes the connection. */
  contentLengthShort?: boolean
  /** A plain answer's body is padded to exactly so many bytes (it is never cut to fewer). */
  bodyBytes?: number
  /** The answer is compressed, whether or not the client accepts that. A stream is flushed after each event; of a plain answer the compressed bytes count for how much is sent. */
  gzip?: boolean
  /** `Access-Control-Allow-Origin` as llama-server sends it: the request's `Origin`, or empty when it has none (`echo`); or always empty. */
  cors?: 'echo' | 'empty'
  /** Extra response headers; they win. */
  headers?: Record<string, string | string[]>
}

const kinds: Record<keyof Fault, 'number' | 'boolean' | 'object' | readonly unknown[]> = {
  informational: [100, 102, 103],
  delayMs: 'number',
  firstChunkDelayMs: 'number',
  chunks: 'number',
  chunkMs: 'number',
  chunkBytes: 'number',
  die: deaths,
  dieAfterChunks: 'number',
  dieBeforeHeaders: 'boolean',
  dieMidEvent: 'boolean',
  status: 'number',
  contentLengthShort: 'boolean',
  bodyBytes: 'number',
  gzip: 'boolean',
  cors: ['echo', 'empty'],
  headers: 'object'
}

/** Throws a TypeError when it is no fault that we know: a misspelt one would make a test pass for the wrong reason. */
export function checkFault (fault: unknown): Fault {
  if (typeof fault !== 'object' || fault === null || Array.isArray(fault)) throw new TypeError('"fault" is not an object')
  for (const [key, value] of Object.entries(fault)) {
    const kind = Object.hasOwn(kinds, key) ? kinds[key as keyof Fault] : undefined
    if (kind === undefined) throw new TypeError(`There is no fault "${key}"`)
    const type: string = value === null ? 'null' : typeof value
    if (typeof kind === 'string' && type !== kind) throw new TypeError(`The fault "${key}" should be of type ${kind}`)
    if (typeof kind === 'object' && !kind.includes(value)) throw new TypeError(`The fault "${key}" should be one of ${kind.join(', ')}`)
  }
  const { die, dieAfterChunks, dieBeforeHeaders, dieMidEvent, status = 200, headers = {} } = fault as Fault
  if (die === undefined && (dieAfterChunks ?? dieBeforeHeaders ?? dieMidEvent) !== undefined) throw new TypeError('The fault "die" is missing')
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new TypeError('The fault "status" should be from 200 to 599')
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    for (const one of [value].flat()) validateHeaderValue(name, one)
  }
  return fault as Fault
}

/** Finds the fault that a request asks for; undefined when it asks for none. Throws a TypeError when it is none we know. */
export function faultOf (url: string, json: Record<string, unknown> | undefined): Fault | undefined {
  if (json?.['fault'] !== undefined) return checkFault(json['fault'])
  const text = queryOf(url).get('fault')
  return text === null ? undefined : parseFault(text, 'The query parameter "fault"')
}

/** Reads a fault that is written as JSON. */
export function parseFault (text: string, place: string): Fault {
  let fault: unknown
  try {
    fault = JSON.parse(text)
  } catch {
    throw new TypeError(`${place} is not JSON`)
  }
  return checkFault(fault)
}
