import fc from 'fast-check'
import t from 'tap'
import { ModelScanner } from '../lib/body/model-scanner.ts'
import type { ScanResult } from '../lib/body/scanner.ts'
import { computed, everyCut, feed, feedLarge } from './helper/feed.ts'
import { ambiguous, found, missing, notJson } from './helper/scan-results.ts'

function scanned (input: string | Buffer, cuts: readonly number[] = []): ModelScanner {
  const scanner = new ModelScanner()
  feed(scanner, input, cuts, '"}]\\')
  return scanner
}
const scan = (input: string | Buffer, cuts: readonly number[] = []): ScanResult => scanned(input, cuts).result()

const table: Array<[what: string, body: string, expected: ScanResult]> = [
  ['the first key', '{"model":"a","messages":[]}', found('a')],
  ['the last key', '{"messages":[{"role":"user","content":"hi"}],"model":"a"}', found('a')],
  ['spaces everywhere', ' \r\n\t{ \n"model" \t: \r"a" , "n" : 1 } \n', found('a')],
  ['escaped key', '{"\\u006dodel":"a"}', found('a')],
  ['key with every letter escaped', '{"\\u006D\\u006f\\u0064\\u0065\\u006C":"a"}', found('a')],
  ['escaped value', '{"model":"\\u0061\\n\\"\\\\\\/b"}', found('a\n"\\/b')],
  ['value with a slash, a colon and letters of other scripts', '{"model":"org/模型:q4 é😀"}', found('org/模型:q4 é😀')],
  ['value with half a surrogate pair', '{"model":"\\ud83d"}', found('\ud83d')],
  ['nested model keys', '{"a":{"model":"x"},"b":[{"model":"y"},"model","z"],"model":"a"}', found('a')],
  ['only a nested model key', '{"a":{"model":"x"},"b":[{"model":"y"}]}', missing],
  ['no model key', '{"models":"x","Model":"x","mode":"x","":"x"}', missing],
  ['an empty object', '{}', missing],
  ['an empty model', '{"model":""}', missing],
  ['model as a value', '{"a":"model","b":"x"}', missing],
  ['model as a value before the key', '{"a":"model","model":"x"}', found('x')],
  ['a model that is no string', '{"model":5}', missing],
  ['a model that is null, a list, an object', '{"model":null,"a":1}', missing],
  ['a list of models', '{"model":["x","y"],"a":"b"}', missing],
  ['an object of models', '{"model":{"model":"x"},"a":"b"}', missing],
  ['a model beside one that is no string', '{"model":[],"model":"x"}', ambiguous],
  ['one that is no string beside a model', '{"model":"x","model":null}', ambiguous],
  ['two that are no strings', '{"model":1,"model":{}}', missing],
  ['the same model twice', '{"model":"a","model":"a"}', found('a')],
  ['the same model twice, spelled differently', '{"model":"a","\\u006dodel":"\\u0061"}', found('a')],
  ['two different models', '{"model":"a","model":"b"}', ambiguous],
  ['two different models, one key escaped', '{"model":"a","x":{},"mode\\u006c":"b"}', ambiguous],
  ['three models, the last as the first', '{"model":"a","model":"b","model":"a"}', ambiguous],
  ['an empty model beside another', '{"model":"","model":"a"}', ambiguous],
  ['strings full of quotes and backslashes', '{"a":"\\"model\\":\\"x\\"","b":"\\\\","c":"\\\\\\"","model":"a"}', found('a')],
  ['brackets in strings', '{"a":"}]{[","model":"a","b":"{"}', found('a')],
  ['a key with a backslash at its end', '{"model\\\\":"x","model":"a"}', found('a')],
  ['a key with a quote', '{"\\"model":"x","model\\"":"y"}', missing],
  ['an invalid escape in the model', '{"model":"\\x"}', notJson],
  ['a bare line end in the model', '{"model":"a\nb"}', notJson],
  ['nothing', '', notJson],
  ['only spaces', ' \n', notJson],
  ['a list', '[{"model":"a"}]', notJson],
  ['a string', '"model"', notJson],
  ['a number', '5', notJson],
  ['null', 'null', notJson],
  ['a byte order mark', '\ufeff{"model":"a"}', notJson],
  ['urlencoded', 'model=a&x=1', notJson],
  ['multipart', '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\na\r\n--x--', notJson],
  ['a second object after it', '{"model":"a"}{"model":"b"}', notJson],
  ['a word after it', '{"model":"a"} x', notJson],
  ['a string after it', '{"model":"a"}"', notJson],
  ['a comma after it', '{"model":"a"},', notJson],
  ['a bracket too many', '{"model":"a"}}', notJson],
  ['a bracket too few', '{"model":"a","b":[1,2}', notJson],
  ['cut short in a string', '{"model":"a', notJson],
  ['cut short after an escape', '{"model":"a\\"}', notJson],
  ['cut short before the end', '{"model":"a"', notJson]
]

for (const [what, body, expected] of table) {
  t.test(`${what}: ${expected.kind}`, async (t) => {
    for (const cuts of everyCut(body)) t.strictSame(scan(body, cuts), expected, `cut at ${String(cuts)}`)
  })
}

// -- stream ----------------------------------------------------------------------------------------------------------

const streams: Array<[body: string, expected: boolean]> = [
  ['{"stream":true}', true],
  ['{"model":"a","stream":true}', true],
  ['{"stream":true,"model":"t"}', true],
  ['{ "stream" \r\n:\ttrue\n, "model":"a" }', true],
  ['{"str\\u0065am":true}', true],
  ['{"\\u0073\\u0074\\u0072\\u0065\\u0061\\u006D":true}', true],
  ['{"stream":false,"stream":true}', true],
  ['{"stream":{"t":true},"stream":true}', true],
  ['{"stream":true,"stream":false}', false],
  ['{"stream":true,"\\u0073tream":null}', false],
  ['{"stream":true,"stream":"true"}', false],
  ['{"stream":false,"x":true}', false],
  ['{"x":true,"stream":false,"y":[true]}', false],
  ['{"stream":"true"}', false],
  ['{"stream":1}', false],
  ['{"stream":null}', false],
  ['{"stream":[true]}', false],
  ['{"stream":{"stream":true}}', false],
  ['{"x":{"stream":true},"y":["stream",true]}', false],
  ['{"x":"stream","y":true}', false],
  ['{"Stream":true,"streams":true,"strea":true,"":true}', false],
  ['{"stream_options":{"include_usage":true}}', false],
  ['{"model":true}', false],
  ['{}', false],
  ['', false]
]

for (const [body, expected] of streams) {
  t.test(`${body}: ${expected ? 'streams' : 'does not stream'}`, async (t) => {
    for (const cuts of everyCut(body)) t.equal(scanned(body, cuts).streams, expected)
  })
}

// -- Against JSON.parse ----------------------------------------------------------------------------------------------

/** Spells a string with random escapes; all of them mean the same. */
function spell (text: string, choices: readonly number[]): string {
  let spelled = ''
  for (let i = 0; i < text.length; i++) {
    const plain = JSON.stringify(text[i]!).slice(1, -1)
    const escaped = `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`
    // Half a pair can only be written as an escape, and then the other half has to be one, too.
    const half = /[\ud800-\udfff]/.test(text[i]!)
    spelled += half || choices[i % Math.max(1, choices.length)] === 1 ? escaped : plain
  }
  return `"${spelled}"`
}

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 3 })
const nasty = fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', ',', 'model', '\u0000', 'é', '😀', ' '), maxLength: 12 })
const text = fc.oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 10 }), fc.constantFrom('model', 'mode', 'Model', 'model ', ''))
const spelled = fc.tuple(text, fc.array(fc.nat(1), { maxLength: 6 })).map(([value, choices]) => ({ value, json: spell(value, choices) }))
const modelKey = fc.array(fc.nat(1), { maxLength: 5 }).map((choices) => ({ value: 'model', json: spell('model', choices) }))

/** A JSON document's text, with keys that may come twice. */
const { value: json } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthIdentifier: 'json' },
    spelled.map(({ json }) => json),
    fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((number) => JSON.stringify(number)),
    fc.constantFrom('true', 'false', 'null', '[]', '{}', '[ ]', '{\n}'),
    fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 }).map((items) => `[${items.map((item) => item.join('')).join(',')}]`),
    fc.array(fc.tuple(space, fc.oneof(spelled, modelKey), space, tie('value'), space), { maxLength: 4 })
      .map((items) => `{${items.map(([a, key, b, value, c]) => `${a}${key.json}${b}:${value}${c}`).join(',')}}`)
  )
}))

const member = fc.record({ key: fc.oneof(spelled, modelKey), value: fc.oneof(spelled.map(({ json }) => json), json), spaces: fc.tuple(space, space, space, space) })
const document = fc.tuple(space, fc.array(member, { maxLength: 8 }), space).map(([before, members, after]) => ({
  members,
  text: `${before}{${members.map(({ key, value, spaces: [a, b, c, d] }) => `${a}${key.json}${b}:${c}${value}${d}`).join(',')}}${after}`
}))
const cuts = fc.array(fc.nat(1_000_000), { maxLength: 12 })

/** What JSON.parse says, with the duplicates that it hides. */
function reference (members: ReadonlyArray<{ key: { value: string }, value: string }>): ScanResult {
  const models = members.filter(({ key }) => key.value === 'model').map(({ value }) => JSON.parse(value) as unknown)
  const strings = models.filter((value) => typeof value === 'string')
  if (new Set(strings).size > 1 || (strings.length > 0 && strings.length < models.length)) return ambiguous
  return strings[0] === undefined || strings[0] === '' ? missing : found(strings[0])
}

t.test('any JSON object, in any chunks: the model is what JSON.parse finds', async (t) => {
  fc.assert(fc.property(document, cuts, ({ text, members }, cuts) => {
    const parsed = JSON.parse(text) as Record<string, unknown>
    const result = scan(text, cuts)
    t.strictSame(result, reference(members))
    if (result.kind === 'found' && parsed['model'] !== result.model) throw new Error(`JSON.parse finds ${String(parsed['model'])}`)
  }), { numRuns: 2000 })
})

t.test('any JSON that is no object is not taken for one', async (t) => {
  fc.assert(fc.property(json.filter((text) => !text.startsWith('{')), cuts, (text, cuts) => scan(text, cuts).kind === 'notJson'))
  t.pass()
})

t.test('any JSON object cut short is not JSON', async (t) => {
  fc.assert(fc.property(document, fc.nat(1_000_000), cuts, ({ text }, cut, cuts) => {
    const whole = Buffer.from(text.trimEnd())
    return scan(whole.subarray(0, cut % whole.length), cuts).kind === 'notJson'
  }), { numRuns: 1000 })
  t.pass()
})

t.test('any JSON object with something after it is not JSON', async (t) => {
  const rubbish = fc.oneof(json, fc.string({ minLength: 1 }).filter((text) => /[^ \t\r\n]/.test(text)))
  fc.assert(fc.property(document, rubbish, cuts, ({ text }, rubbish, cuts) => scan(text + rubbish, cuts).kind === 'notJson'), { numRuns: 1000 })
  t.pass()
})

t.test('any bytes at all end in an answer, the same for all chunks', async (t) => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '"model"', 'a', ' '), maxLength: 30 }).map((text) => Buffer.from(text)))
  fc.assert(fc.property(bytes, cuts, (bytes, cuts) => {
    t.strictSame(scan(Buffer.from(bytes), cuts), scan(Buffer.from(bytes)))
  }), { numRuns: 2000 })
})

// -- Size ------------------------------------------------------------------------------------------------------------

t.test('a huge string before the model, with quotes and backslashes in it', async (t) => {
  for (const filler of ['x', '\\"', '\\\\', '\\\\\\"', '"model":"no"'.replaceAll('"', '\\"')]) {
    const body = `{"image":"${filler.repeat(Math.ceil(4_000_000 / filler.length))}","model":"a"}`
    t.strictSame(scan(body, [1_000_000, 1_000_001, 2_000_000, 3_999_999]), found('a'), filler)
  }
})

t.test('a huge model, a huge key, a deep nest', async (t) => {
  const name = 'n'.repeat(1_000_000)
  t.strictSame(scan(`{"model":"${name}"}`), found(name))
  t.strictSame(scan(`{"${name}":"x","model":"a"}`), found('a'))
  t.strictSame(scan(`{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)},"model":"a"}`), found('a'))
})

t.test('very many keys with escapes, broken ones too: well under a second', async (t) => {
  for (const key of ['\\x', '\\xaaaaaa', '\\u006dode', '\\u006', '\\\\\\\\', '']) {
    const body = Buffer.from(`{${`"${key}":1,`.repeat(200_000)}"model":"a"}`)
    const scanner = new ModelScanner()
    const time = computed(() => feedLarge(scanner, body))
    t.strictSame(scanner.result(), found('a'))
    t.ok(time < 1000, `${key}: ${time} ms`)
  }
})
