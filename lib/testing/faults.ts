/**
 * What goes wrong with one answer: the key `fault` of a JSON body, else (other bodies, GET) the query parameter `fault`, which holds the same as JSON.
 * Both pass through a proxy untouched.
 */
export interface Fault {
  /** Wait before the headers. */
  delayMs?: number
  /** Send the headers, then wait. */
  firstChunkDelayMs?: number
  /** Content events of a stream; default 5. */
  chunks?: number
  /** Pause between two events; default 5. With 0 they follow each other as fast as they are read. */
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
  /** Answers with this status, a JSON error and `Connection: close`. */
  status?: number
  /** A plain answer's Content-Length promises more than it sends before it closes the connection. */
  contentLengthShort?: boolean
  /** A plain answer's body is padded to exactly so many bytes (it is never cut to fewer). */
  bodyBytes?: number
  /** Extra response headers; they win. */
  headers?: Record<string, string | string[]>
}

const kinds: Record<keyof Fault, string> = {
  delayMs: 'number',
  firstChunkDelayMs: 'number',
  chunks: 'number',
  chunkMs: 'number',
  chunkBytes: 'number',
  die: 'string',
  dieAfterChunks: 'number',
  dieBeforeHeaders: 'boolean',
  dieMidEvent: 'boolean',
  status: 'number',
  contentLengthShort: 'boolean',
  bodyBytes: 'number',
  headers: 'object'
}

// A misspelt fault would make a test pass for the wrong reason.
function check (fault: object): Fault {
  for (const [key, value] of Object.entries(fault)) {
    const kind = Object.hasOwn(kinds, key) ? kinds[key as keyof Fault] : undefined
    if (kind === undefined) throw new TypeError(`There is no fault "${key}"`)
    const actual: string = typeof value
    if (actual !== kind) throw new TypeError(`The fault "${key}" should be of type ${kind}`)
  }
  const { die, dieAfterChunks, dieBeforeHeaders, dieMidEvent } = fault as Fault
  if (die === undefined && (dieAfterChunks ?? dieBeforeHeaders ?? dieMidEvent) !== undefined) throw new TypeError('The fault "die" is missing')
  if (die !== undefined && !['fin', 'rst', 'sigkill'].includes(die)) throw new TypeError(`There is no way to die called "${die}"`)
  return fault as Fault
}

/** Finds the fault that a request asks for. Throws a TypeError when it is none we know. */
export function faultOf (url: string, json: Record<string, unknown> | undefined): Fault {
  let fault = json?.['fault']
  if (fault === undefined) {
    const query = url.indexOf('?')
    const text = query === -1 ? null : new URLSearchParams(url.slice(query)).get('fault')
    if (text === null) return {}
    try {
      fault = JSON.parse(text)
    } catch {
      throw new TypeError('The query parameter "fault" is not JSON')
    }
  }
  if (typeof fault !== 'object' || fault === null) throw new TypeError('"fault" is not an object')
  return check(fault)
}
