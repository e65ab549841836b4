import { parseHeaderValue } from './header-value.ts'

/** What the headers of a form's part say. */
export type PartHead =
  | {
    /** A part with an empty `filename`, or with only a `filename*`, is a file to some servers and a field to others. */
    readonly kind: 'field' | 'file' | 'unclear'
    readonly name: string | undefined
    readonly encoding: string | undefined
  }
  /** `what` completes "part 3 ". */
  | { readonly kind: 'broken', readonly what: string }

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const MAX_HEADERS = 32

const broken = (what: string): PartHead => ({ kind: 'broken', what })

/**
 * Reads what comes between a boundary and the empty line before the part's content. Where servers differ in what they make of it,
 * it is broken: they would not all see the same fields.
 */
export function parsePartHead (text: string): PartHead {
  // Folded lines first: what begins with a space belongs to the line before.
  const [padding, ...lines] = text.replace(/\r\n(?=[ \t])/g, '').split('\r\n')
  if (!/^[ \t]*$/.test(padding!)) return broken('has something behind its boundary')
  if (lines.length > MAX_HEADERS) return broken(`has more than ${MAX_HEADERS} headers`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon === -1 || !TOKEN.test(line.slice(0, colon)) || /[\r\n\0]/.test(line)) return broken('has a malformed header')
    const name = line.slice(0, colon).toLowerCase()
    if (headers.has(name)) return broken(`has two ${name} headers`)
    headers.set(name, line.slice(colon + 1).trim())
  }
  return fieldOf(headers)
}

function fieldOf (headers: ReadonlyMap<string, string>): PartHead {
  const text = headers.get('content-disposition')
  if (text === undefined) return broken('has no content-disposition header')
  const disposition = parseHeaderValue(text)
  if (disposition === undefined) return broken('has a malformed content-disposition header')
  const { type, parameters } = disposition
  const hasExtended = (name: string): boolean => [...parameters.keys()].some((key) => key.startsWith(`${name}*`))
  if (type !== 'form-data') return broken('has a content-disposition other than form-data')
  if (hasExtended('name')) return broken('has a name in extended notation (name*)')
  const filename = parameters.get('filename')
  const kind = filename ? 'file' : filename === '' || hasExtended('filename') ? 'unclear' : 'field'
  // There may be none: curl sends that for `-F =x`.
  return { kind, name: parameters.get('name'), encoding: headers.get('content-transfer-encoding')?.toLowerCase() }
}
