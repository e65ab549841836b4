// YAML scalars as Go's yaml.v3 reads them: YAML 1.2 with some of 1.1 (octals such as 017, 0b, underscores), so that a file means what it means to llama-swap.
import type { Place, ScalarNode, ScalarType } from '../tree.ts'

type Value = Pick<ScalarNode, 'type' | 'value'>

const WORDS = new Map<string, Value>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, Value] => [word, { type: 'null', value: null }]),
  ...['true', 'True', 'TRUE'].map((word): [string, Value] => [word, { type: 'boolean', value: true }]),
  ...['false', 'False', 'FALSE'].map((word): [string, Value] => [word, { type: 'boolean', value: false }]),
  ...['.nan', '.NaN', '.NAN'].map((word): [string, Value] => [word, { type: 'float', value: NaN }]),
  ...['.inf', '.Inf', '.INF'].flatMap((word): Array<[string, Value]> => [
    [word, { type: 'float', value: Infinity }], [`+${word}`, { type: 'float', value: Infinity }], [`-${word}`, { type: 'float', value: -Infinity }]
  ])
])

const TAGS = new Map<string, ScalarType>([
  ['tag:yaml.org,2002:null', 'null'], ['tag:yaml.org,2002:bool', 'boolean'], ['tag:yaml.org,2002:int', 'integer'],
  ['tag:yaml.org,2002:float', 'float'], ['tag:yaml.org,2002:timestamp', 'timestamp'], ['tag:yaml.org,2002:str', 'string']
])
// Go writes numbers of more digits than these with an exponent.
const SHORT = 6
const BINARY = 'tag:yaml.org,2002:binary'

/** Thrown for text that is not what its tag says. */
export class WrongTag extends Error {}

/** What a scalar means. `quoted` is for quotes and blocks; a tag counts for more. */
export function readScalar (text: string, { quoted = false, tag, at }: { quoted?: boolean, tag?: string | undefined, at?: Place | undefined } = {}): ScalarNode {
  const node = (value: Value): ScalarNode => ({ kind: 'scalar', ...value, text: value.type === 'string' ? String(value.value) : text, quoted: quoted || tag !== undefined, at })
  if (tag === BINARY) return node({ type: 'string', value: Buffer.from(text, 'base64').toString() })
  const wanted = tag === undefined ? undefined : TAGS.get(tag)
  if (wanted === 'string' || (wanted === undefined && (quoted || tag !== undefined))) return node({ type: 'string', value: text })
  const value = resolve(text)
  if (wanted === undefined || value.type === wanted) return { ...node(value), quoted: false }
  if (wanted === 'float' && value.type === 'integer') return node({ ...value, type: 'float' })
  throw new WrongTag(`it is not ${wanted === 'integer' ? 'an integer' : `a ${wanted}`}`)
}

function resolve (text: string): Value {
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (/^[-+\d]/.test(text)) return timestamp(text) ?? number(text) ?? { type: 'string', value: text }
  if (text.startsWith('.') && /^\.\d+(_\d+)*([eE][-+]?\d+(_\d+)*)?$/.test(text)) return float(text) ?? { type: 'string', value: text }
  return { type: 'string', value: text }
}

function number (text: string): Value | undefined {
  const integer = parseInteger(text)
  if (integer !== undefined) return { type: 'integer', value: Number(integer) }
  return /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(text.replaceAll('_', '')) ? float(text) : undefined
}

// Go refuses what is out of range, so it stays text.
function float (text: string): Value | undefined {
  const value = Number(text.replaceAll('_', ''))
  return Number.isFinite(value) ? { type: 'float', value } : undefined
}

/** The whole number that a text stands for, if it fits 64 bits. */
export function parseInteger (text: string): bigint | undefined {
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/s.exec(text.replaceAll('_', ''))!
  const match = /^(?:0x([\da-f]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9]\d*))$/i.exec(digits)
  if (match === null) return undefined
  const [, hex, binary, octal, decimal] = match
  const size = BigInt(hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : octal !== undefined ? `0o${octal}` : decimal!)
  const value = sign === '-' ? -size : size
  return value >= -(2n ** 63n) && value < 2n ** 64n && !(sign === '+' && value >= 2n ** 63n) ? value : undefined
}

const TIMESTAMP = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?(Z|[-+]\d{2}:\d{2})?)?$/

// As Go prints it: RFC 3339, without zeros at the end of the fraction. A `T` needs a time zone, a space must not have one.
function timestamp (text: string): Value | undefined {
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const [, year, month, day, separator, hour = '0', minute = '0', second = '0', fraction = '', zone] = match
  if (separator !== undefined && (separator === ' ') !== (zone === undefined)) return undefined
  const pad = (part: string): string => part.padStart(2, '0')
  const date = `${year}-${pad(month!)}-${pad(day!)}`
  const isDate = !Number.isNaN(Date.parse(date)) && new Date(date).toISOString().startsWith(date)
  if (!isDate || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const digits = fraction.slice(0, 9).replace(/0+$/, '')
  const offset = zone === undefined || /^[-+]00:00$/.test(zone) ? 'Z' : zone
  return { type: 'timestamp', value: `${date}T${pad(hour)}:${pad(minute)}:${pad(second)}${digits && `.${digits}`}${offset}` }
}

/** A scalar within a longer text, as Go's `%v` prints it: `0x10` is 16, `1.50` is 1.5, `1e6` is 1e+06. */
export function printScalar ({ type, value, text }: ScalarNode): string {
  if (type === 'integer') return String(parseInteger(text) ?? value)
  if (type === 'float') return printFloat(value as number)
  return type === 'null' ? '' : String(value)
}

function printFloat (value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const isShort = Number(exponent) >= -4 && Number(exponent) < SHORT
  return isShort ? value.toFixed(Math.max(0, digits.replace(/[-.]/g, '').length - 1 - Number(exponent))) : `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}
