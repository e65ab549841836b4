import fc from 'fast-check'
import { deepStrictEqual as deepEqual } from 'node:assert'
import { File } from 'node:buffer'
import t from 'tap'
import { scannerFor } from '../lib/body/content.ts'
import { boundaryOf, MultipartScanner } from '../lib/body/multipart.ts'
import type { ScanResult } from '../lib/body/scanner.ts'
import { computed, countSearched, everyCut, feed, feedLarge } from './helper/feed.ts'
import { ambiguous, found, malformed, missing } from './helper/scan-results.ts'

const BOUNDARY = 'boundary'
const RUBBISH = '\r\n--boundary--'

function scanned (body: string | Buffer, cuts: readonly number[] = [], boundary: string | undefined = BOUNDARY): MultipartScanner {
  const scanner = new MultipartScanner(boundary)
  feed(scanner, body, cuts, RUBBISH)
  return scanner
}

const field = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`
const file = (content: string, name = 'file'): string => `Content-Disposition: form-data; name="${name}"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n${content}`
const form = (...parts: string[]): string => `${parts.map((part) => `--boundary\r\n${part}\r\n`).join('')}--boundary--\r\n`
/** A form whose only part has these headers and the content "a". */
const head = (...lines: string[]): string => form(`${lines.map((line) => `${line}\r\n`).join('')}\r\na`)
const disposition = (parameters: string): string => head(`Content-Disposition: form-data${parameters}`)

// -- What is found ---------------------------------------------------------------------------------------------------

const table: Array<[what: string, body: string, expected: ScanResult]> = [
  ['the first part', form(field('model', 'a'), file('x')), found('a')],
  ['the last part', form(file('x'), field('language', 'en'), field('model', 'a')), found('a')],
  ['the only part', form(field('model', 'org/model:q4 é😀')), found('org/model:q4 é😀')],
  ['a value with line ends', form(field('model', '\r\na\r\n')), found('\r\na\r\n')],
  ['the same model twice', form(field('model', 'a'), field('model', 'a')), found('a')],
  ['two different models', form(field('model', 'a'), field('x', 'y'), field('model', 'b')), ambiguous],
  ['an empty model beside another', form(field('model', ''), field('model', 'a')), ambiguous],
  ['an empty model', form(field('model', '')), missing],
  ['a model part without even an empty line', form('Content-Disposition: form-data; name="model"\r\n'), missing],
  ['no model', form(field('models', 'a'), field('Model', 'b'), field('', 'c')), missing],
  ['a part without a name', form('Content-Disposition: form-data\r\n\r\nx', field('model', 'a')), found('a')],
  ['no parts', '--boundary--', missing],
  ['a model that is a file', form(file('a', 'model')), missing],
  ['a model that is a file beside one that is none', form(file('a', 'model'), field('model', 'a')), ambiguous],
  ['a model in a file', form(file(`--other\r\n${field('model', 'b')}\r\n--other--`), field('model', 'a')), found('a')],

  ['a name without quotes', disposition('; name=model'), found('a')],
  ['a name with escapes', disposition('; name="m\\ode\\l"'), found('a')],
  ['another name with escapes', disposition('; name="\\"model\\""'), missing],
  ['parameters in another order', disposition('; size=1; name="model"'), found('a')],
  ['a name in a parameter', disposition('; title="; name=\\"model\\"; "; name="x"'), missing],
  ['a file name in a parameter', disposition('; title="; filename=x; "; name="model"'), found('a')],
  ['a file name before the name', disposition('; filename="b"; name="model"'), missing],
  ['a file name in both notations', disposition('; name="model"; filename="b"; filename*=utf-8\'\'b'), missing],
  ['a file name in extended notation', form('Content-Disposition: form-data; name="file"; filename*=utf-8\'\'b\r\n\r\n', field('model', 'a')), found('a')],
  ['an empty file name', form('Content-Disposition: form-data; name="file"; filename=""\r\n\r\n', field('model', 'a')), found('a')],
  ['a file name that ends in a backslash, as browsers write it', form('Content-Disposition: form-data; name="file"; filename="C:\\"\r\n\r\n', field('model', 'a')), found('a')],
  ['a field name that ends in a backslash, as browsers write it', form('Content-Disposition: form-data; name="x\\"; filename="b"\r\n\r\n', field('model', 'a')), found('a')],
  ['capitals and spaces', head('CONTENT-DISPOSITION:\tForm-Data ;  NAME = "model"  ; '), found('a')],
  ['no space at all', head('content-disposition:form-data;name=model'), found('a')],
  ['other headers around it', head('X-A: b', 'Content-Disposition: form-data; name="model"', 'Content-Type: text/plain; charset=utf-8', 'X-B:'), found('a')],
  ['a folded header', head('Content-Disposition: form-data;', '  name="model"'), found('a')],
  ['a folded header whose rest looks like another', head('X-A: b', ' Content-Disposition: form-data; name="x"', 'Content-Disposition: form-data; name="model"'), found('a')],
  ['a transfer encoding that is none', head('Content-Disposition: form-data; name="model"', 'Content-Transfer-Encoding: 8BIT'), found('a')],
  ['a file in base64', head('Content-Disposition: form-data; name="x"; filename="y"', 'Content-Transfer-Encoding: base64'), missing],

  ['a preamble', `nothing\r\n here --boundary\r\n${form(field('model', 'a'))}`, found('a')],
  ['a preamble of a line end', `\r\n${form(field('model', 'a'))}`, found('a')],
  ['an epilogue', `${form(field('model', 'a'))}${form(field('model', 'b'))}`, found('a')],
  ['nothing behind the end', form(field('model', 'a')).slice(0, -2), found('a')],
  ['an end too early', form(file('\r\n--boundary--'), field('model', 'a')), missing],
  ['spaces behind the end', `${form(field('model', 'a')).slice(0, -2)} \t`, found('a')],
  ['spaces and an epilogue behind the end', `${form(field('model', 'a')).slice(0, -2)} \t\r\nx`, found('a')],
  ['half a line end behind the end', form(field('model', 'a')).slice(0, -1), found('a')],
  ['spaces behind the boundary', `--boundary \t \r\n${field('model', 'a')}\r\n--boundary--`, found('a')],
  ['lines that begin like the boundary', form(file('\r\n--boundar\r\n--boundary2\r\n--boundary-\r\n\r\n--Boundary\r\n-boundary\r\n\n--boundary\r\n'), field('model', 'a')), found('a')],
  ['a model that begins like the boundary', form(field('model', '--boundary2')), found('--boundary2')],
  ['half a line end before the boundary', form(file('\r'), file('\n'), file('\r\n'), field('model', 'a\r')), found('a\r')],
  ['the boundary behind a line feed alone', form(file(`\n--boundary\n${field('model', 'b')}`), field('model', 'a')), found('a')],

  ['nothing', '', malformed('its boundary is not in it')],
  ['JSON', '{"model":"a"}', malformed('its boundary is not in it')],
  ['another boundary', form(field('model', 'a')).replaceAll('boundary', 'bounds'), malformed('its boundary is not in it')],
  ['only what looks like the boundary', '--boundary2\r\n\r\n--boundary3\r\n', malformed('its boundary is not in it')],
  ['no end', form(field('model', 'a')).slice(0, -4), malformed('its end is missing: the boundary with "--" behind it')],
  ['half an end', form(field('model', 'a')).slice(0, -3), malformed('its end is missing: the boundary with "--" behind it')],
  ['cut short in the headers', '--boundary\r\nContent-Disposition: form-data; name="model"\r\n', malformed('its end is missing: the boundary with "--" behind it')],
  ['cut short in the content', `--boundary\r\n${field('model', 'a')}`, malformed('its end is missing: the boundary with "--" behind it')],
  ['a line feed alone at the start', `\n${form(field('model', 'a'))}`, malformed('a line of it ends in LF alone: write CR LF')],
  ['a line feed alone in the preamble, before what servers take for the first part', `x\n${form(field('model', 'b'), field('model', 'a'))}`, malformed('a line of it ends in LF alone: write CR LF')],
  ['line feeds alone', form(field('model', 'a')).replaceAll('\r', ''), malformed('a line of it ends in LF alone: write CR LF')],
  ['something behind a boundary', form(field('model', 'a')).replace('boundary\r', 'boundary x\r'), malformed('part 1 has something behind its boundary')],
  ['something behind a later boundary', form(field('model', 'a'), field('x', 'y')).replace('a\r\n--boundary\r', 'a\r\n--boundary \n\r'), malformed('part 2 has something behind its boundary')],
  ['a header folded into the boundary', form(` ${field('model', 'a')}`), malformed('part 1 has something behind its boundary')],
  ['something behind the end', `${form(field('model', 'a')).slice(0, -2)}x`, malformed('something is behind its last boundary')],
  ['something and a space behind the end', `${form(field('model', 'a')).slice(0, -2)} x\r\n`, malformed('something is behind its last boundary')],
  ['a carriage return alone behind the end', `${form(field('model', 'a')).slice(0, -1)}x`, malformed('something is behind its last boundary')],
  ['a line feed alone behind the end', `${form(field('model', 'a')).slice(0, -2)}\n`, malformed('a line of it ends in LF alone: write CR LF')],
  ['an end before the first part, with something behind it', `--boundary--x\r\n${form(field('model', 'a'))}`, malformed('something is behind its last boundary')],
  ['a model with an empty file name', disposition('; name="model"; filename=""'), malformed('part 1 is a file without a name, or none: send "model" without a file name')],
  ['a model with a file name in extended notation', disposition('; name="model"; filename*=utf-8\'\'b'), malformed('part 1 is a file without a name, or none: send "model" without a file name')],
  ['no headers', form('\r\na'), malformed('part 1 has no content-disposition header')],
  ['a boundary in the headers', form('Content-Disposition: form-data; name="model"', field('model', 'a')), malformed('part 1 has a malformed header')],
  ['an end in the headers', form('Content-Disposition: form-data; name="model"'), malformed('its end is missing: the boundary with "--" behind it')],
  ['a header without a colon', head('x', 'Content-Disposition: form-data; name="model"'), malformed('part 1 has a malformed header')],
  ['a header without a name', head(': x', 'Content-Disposition: form-data; name="model"'), malformed('part 1 has a malformed header')],
  ['a space before the colon', head('Content-Disposition : form-data; name="model"'), malformed('part 1 has a malformed header')],
  ['a line feed in a header', head('X: y\nContent-Disposition: form-data; name="x"', 'Content-Disposition: form-data; name="model"'), malformed('part 1 has a malformed header')],
  ['a carriage return in a header', head('X: y\rContent-Disposition: form-data; name="model"'), malformed('part 1 has a malformed header')],
  ['a null in a header', head('Content-Disposition: form-data; name="model\0"'), malformed('part 1 has a malformed header')],
  ['a header twice', head('Content-Disposition: form-data; name="x"', 'content-disposition: form-data; name="model"'), malformed('part 1 has two content-disposition headers')],
  ['another disposition', head('Content-Disposition: attachment; name="model"'), malformed('part 1 has a content-disposition other than form-data')],
  ['two names', disposition('; name="x"; name="model"'), malformed('part 1 has a malformed content-disposition header')],
  ['two names, as browsers would read them', disposition('; name="x"; y="\\"; name="model"'), malformed('part 1 has a malformed content-disposition header')],
  ['a quote that does not end', disposition('; name="model'), malformed('part 1 has a malformed content-disposition header')],
  ['something behind a quote', disposition('; name="model"x'), malformed('part 1 has a malformed content-disposition header')],
  ['a parameter without a value', disposition('; name'), malformed('part 1 has a malformed content-disposition header')],
  ['a name in extended notation', disposition('; name*=utf-8\'\'model'), malformed('part 1 has a name in extended notation (name*)')],
  ['a name in pieces', disposition('; name*0="mo"; name*1="del"'), malformed('part 1 has a name in extended notation (name*)')],
  ['a model in base64', form(field('x', 'y'), 'Content-Disposition: form-data; name="model"\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ=='), malformed('part 2 has a content-transfer-encoding: send it as it is')],
  ['what comes after a mistake', form('x', field('model', 'a'), field('model', 'b')), malformed('part 1 has a malformed header')]
]

for (const [what, body, expected] of table) {
  t.test(`${what}: ${expected.kind}`, async (t) => {
    for (const cuts of everyCut(body)) t.strictSame(scanned(body, cuts).result(), expected, `cut at ${String(cuts)}`)
  })
}

t.test('a model that is not UTF-8', async (t) => {
  const bytes = Buffer.from(form(field('model', '\xe9')), 'latin1')
  for (const cuts of everyCut(bytes)) t.strictSame(scanned(bytes, cuts).result(), malformed('"model" is not UTF-8'))
  t.strictSame(scanned(Buffer.from(form(field('x', '\xe9'), field('model', 'a')), 'latin1')).result(), found('a'), 'what else is not is not our business')
})

t.test('stream', async (t) => {
  const streams = (...parts: string[]): boolean => {
    const scanner = scanned(form(...parts))
    scanner.result()
    return scanner.streams
  }
  t.ok(streams(field('model', 'a'), field('stream', 'true')))
  t.ok(streams(field('stream', 'true'), field('model', 'a')))
  t.ok(streams(field('stream', 'false'), field('stream', 'true')), 'the last counts')
  t.notOk(streams(field('stream', 'true'), field('stream', 'false')), 'the last counts')
  for (const value of ['', 'True', '1', 'true ', '"true"', 'x'.repeat(100_000)]) t.notOk(streams(field('stream', value)), value.slice(0, 10))
  t.notOk(streams(field('model', 'true')))
  t.notOk(streams(file('true', 'stream')))
})

t.test('boundaryOf', async (t) => {
  const boundaries: Array<[header: string, boundary: string | undefined]> = [
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data;boundary=abc;charset=utf-8', 'abc'],
    ['Multipart/Form-Data ; charset=utf-8 ; BOUNDARY=abc ; ', 'abc'],
    ['multipart/form-data; boundary="a b;c=\\"d\\\\"', 'a b;c="d\\'],
    ['multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW', '----WebKitFormBoundary7MA4YWxkTrZu0gW'],
    ['multipart/form-data; boundary=a:b/c?d=e', 'a:b/c?d=e'],
    ['multipart/form-data; x="; boundary=no"; boundary=abc', 'abc'],
    ['multipart/form-data', undefined],
    ['multipart/form-data; boundary', undefined],
    ['multipart/form-data; boundary=', undefined],
    ['multipart/form-data; boundary=""', undefined],
    ['multipart/form-data; boundary="abc', undefined],
    ['multipart/form-data; boundary=a; boundary=b', undefined],
    ['multipart/form-data; xboundary=abc', undefined],
    ['boundary=abc', undefined]
  ]
  for (const [header, boundary] of boundaries) t.equal(boundaryOf(header), boundary, header)
})

t.test('no boundary, or one that is too long', async (t) => {
  const body = form(field('model', 'a'))
  t.strictSame(new MultipartScanner(undefined).result(), malformed('its Content-Type names no boundary'))
  const long = (length: number): ScanResult => scanned(body.replaceAll('boundary', 'x'.repeat(length)), [], 'x'.repeat(length)).result()
  t.strictSame(long(70), found('a'))
  t.strictSame(long(71), malformed('its boundary is longer than 70 characters'))
})

t.test('the scanner for a content type', async (t) => {
  const body = form(field('model', 'a'), field('stream', 'true'))
  for (const type of ['multipart/form-data; boundary=boundary', 'Multipart/Form-Data; boundary="boundary"']) {
    const scanner = scannerFor(type)
    feed(scanner, body, [], RUBBISH)
    t.strictSame(scanner.result(), found('a'))
    t.ok(scanner.streams)
    t.equal(scanner.kind, 'form')
  }
  const scanner = scannerFor('multipart/form-data')
  feed(scanner, body, [], RUBBISH)
  t.strictSame(scanner.result(), malformed('its Content-Type names no boundary'))
  for (const type of [undefined, '', 'application/json', 'text/plain', 'application/json; x=multipart/form-data']) {
    const scanner = scannerFor(type)
    feed(scanner, '{"model":"a"}', [], RUBBISH)
    t.strictSame(scanner.result(), found('a'))
    t.equal(scanner.kind, 'json')
  }
})

// -- Rewriting -------------------------------------------------------------------------------------------------------

function rewrite (body: string | Buffer, model: string, cuts: readonly number[] = []): string {
  const scanner = scanned(body, cuts)
  t.equal(scanner.result().kind, 'found')
  return scanner.rewrite(Buffer.from(body), model).toString('latin1')
}
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

t.test('another model in the place of the one found; all else stays', async (t) => {
  const around = (model: string): string => `preamble\r\n${form(
    file('\r\n--boundary2\r\n\0é'),
    `content-DISPOSITION: form-data;\r\n  x=y; name=model\r\nContent-Type: text/plain; charset=utf-8\r\nX: y\r\n\r\n${model}`,
    field('prompt', 'old'),
    field('model', model)
  )}epilogue ${field('model', 'old')}`
  for (const model of ['a', 'old', 'a much longer/model:é😀', '', '\r\n', '$&']) t.equal(rewrite(around('old'), model), latin1(around(model)), model)
})

t.test('a form without a model stays as it is', async (t) => {
  const body = Buffer.from(form(field('x', 'y'), field('model', '')))
  const scanner = scanned(body)
  t.strictSame(scanner.result(), missing)
  t.ok(scanner.rewrite(body, 'a').equals(body))
})

t.test('a boundary that is in the name of the model: refused, since the new form would be another', async (t) => {
  const body = form(field('model', 'a'))
  for (const model of ['--boundary', '--boundary--', '\r\n--boundary\r\nContent-Disposition: form-data; name="x"\r\n\r\n', 'x--boundary2']) {
    t.throws(() => rewrite(body, model), { code: 'FST_LS_BODY_MALFORMED', statusCode: 400, message: 'the form is malformed: its boundary is in the name of the model' })
  }
  t.equal(rewrite(body, 'boundary'), form(field('model', 'boundary')))
})

// -- Against the platform's own parser -------------------------------------------------------------------------------

type Entry = [name: string, kind: string, content: string]

async function parse (body: Uint8Array, contentType: string): Promise<Entry[]> {
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData()
  return await Promise.all([...form].map(async ([name, value]): Promise<Entry> => {
    if (typeof value === 'string') return [name, 'text', value]
    return [name, `${value.name} ${value.type}`, Buffer.from(await value.arrayBuffer()).toString('latin1')]
  }))
}

function reference (entries: readonly Entry[]): ScanResult {
  const models = entries.filter(([name]) => name === 'model').map(([, kind, content]) => kind === 'text' ? content : undefined)
  if (new Set(models).size > 1) return ambiguous
  return models[0] === undefined || models[0] === '' ? missing : found(models[0])
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/[\ufeff\0]/.test(text))
const name = fc.oneof(
  fc.constant('model'),
  fc.constantFrom('stream', 'file', 'Model', 'model ', ' model', '', '"', '\\', 'a\\', 'model\\', 'a"; name="model', '; name=model', 'a\r\nb', "'"),
  text
)
const value = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('a', 'true', '', '--', '\r\n--', '\n', 'model') }, text)
const part = fc.oneof(
  fc.record({ name, value }),
  fc.record({ name, bytes: fc.uint8Array({ maxLength: 200 }), filename: name.filter((name) => name !== ''), type: fc.constantFrom('', 'audio/wav', 'text/plain') })
)
const cuts = fc.array(fc.nat(1_000_000), { maxLength: 12 })

t.test('any form, in any chunks: the model is what the platform finds, and rewriting changes nothing else', async (t) => {
  let models = 0
  await fc.assert(fc.asyncProperty(fc.array(part, { maxLength: 6 }), cuts, text, async (parts, cuts, model) => {
    const form = new FormData()
    for (const part of parts) {
      if ('value' in part) form.append(part.name, part.value)
      else form.append(part.name, new File([part.bytes], part.filename, { type: part.type }) as unknown as Blob, part.filename)
    }
    const response = new Response(form)
    const contentType = response.headers.get('content-type')!
    const body = Buffer.from(await response.arrayBuffer())
    const before = await parse(body, contentType)

    const scanner = scannerFor(contentType)
    feed(scanner, body, cuts, `\r\n--${boundaryOf(contentType)!}--`)
    const result = scanner.result()
    deepEqual(result, reference(before))
    if (result.kind !== 'found' || scanner.kind !== 'form') return
    models++

    const rewritten = scanner.rewrite(body, model)
    const after = await parse(rewritten, contentType)
    deepEqual(after, before.map((entry) => entry[0] === 'model' ? ['model', 'text', model] : entry))
    const delimiter = `\r\n--${boundaryOf(contentType)!}`
    const pieces = (bytes: Buffer): string[] => `\r\n${bytes.toString('latin1')}`.split(delimiter)
    const isModel = before.map(([name]) => name === 'model')
    const replaced = pieces(body).map((piece, i) => isModel[i - 1] === true ? piece.slice(0, piece.indexOf('\r\n\r\n') + 4) + latin1(model) : piece)
    deepEqual(pieces(rewritten), replaced)
  }), { numRuns: 400 })
  t.ok(models > 10, `and there were models to rewrite: ${models}`)
})

// -- Spelled in any way ----------------------------------------------------------------------------------------------

const nasty = fc.oneof(
  fc.array(fc.constantFrom('\r\n', '\r', '\n', '-', '--', 'boundar', 'y', '--boundar', '\r\n--boundary', '2', '\r\n\r\n', '\xff', 'name="model"'), { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
).filter((content) => !/(^|\r\n)--boundary(--|[ \t\r\n])/.test(`${content}\r\n`))
const cased = (text: string): fc.Arbitrary<string> => fc.constantFrom(text, text.toLowerCase(), text.toUpperCase())
const gap = fc.constantFrom('', ' ', '\t ', '\r\n ', ' \r\n\t')
const parameterOf = (name: string, value: string): fc.Arbitrary<string> => fc.tuple(cased(name), gap, fc.constantFrom(value, `"${value}"`, `"\\${value}"`), gap).map(([name, before, value, after]) => `${name}=${before}${value}${after}`)
const headersOf = (parameters: Array<fc.Arbitrary<string>>): fc.Arbitrary<string> => fc.record({
  parameters: fc.tuple(...parameters, parameterOf('x', 'y'), parameterOf('z', 'model')).chain((all) => fc.shuffledSubarray(all, { minLength: all.length })),
  name: cased('Content-Disposition'),
  type: cased('form-data'),
  gap,
  others: fc.subarray(['Content-Type: text/plain', 'X-Long: a\r\n b', 'X-Name: name="model"']),
  at: fc.nat()
}).map(({ parameters, name, type, gap, others, at }) => {
  const lines = [...others]
  lines.splice(at % (lines.length + 1), 0, `${name}:${gap}${[type, ...parameters].join(`;${gap}`)}`)
  return lines.map((line) => `${line}\r\n`).join('')
})
const nameOf = (name: string): Array<fc.Arbitrary<string>> => [parameterOf('name', name)]
const spelledPart = fc.oneof(
  fc.record({ head: headersOf(nameOf('model')), content: fc.constant(undefined) }),
  fc.record({ head: fc.oneof(headersOf(nameOf('other')), headersOf([...nameOf('file'), parameterOf('filename', 'model')])), content: nasty })
)

t.test('any spelling, any content', async (t) => {
  const preamble = nasty.filter((text) => !/(^|[^\r])\n--boundary/.test(text))
  fc.assert(fc.property(fc.array(spelledPart, { maxLength: 5 }), preamble, cuts, fc.constantFrom('', ' ', '\t\t'), (parts, around, cuts, padding) => {
    const build = (model: string): Buffer => Buffer.from(`${around}\r\n${parts.map(({ head, content }) => `--boundary${padding}\r\n${head}\r\n${content ?? model}\r\n`).join('')}--boundary--\r\n${around}`, 'latin1')
    const body = build('old')
    const scanner = scanned(body, cuts)
    deepEqual(scanner.result(), parts.some(({ content }) => content === undefined) ? found('old') : missing)
    deepEqual(scanner.rewrite(body, 'new/model'), build('new/model'))
  }), { numRuns: 1000 })
  t.pass()
})

t.test('any bytes at all end in an answer, the same for all chunks', async (t) => {
  const bytes = fc.array(fc.constantFrom('--boundary', '\r\n', '\r', '\n', '--', 'Content-Disposition: form-data; name="model"', ':', ' ', 'a', '\r\n--boundary', '\r\n\r\n'), { maxLength: 20 }).map((pieces) => pieces.join(''))
  fc.assert(fc.property(bytes, cuts, (bytes, cuts) => {
    deepEqual(scanned(bytes, cuts).result(), scanned(bytes).result())
  }), { numRuns: 2000 })
  t.pass()
})

// -- Size ------------------------------------------------------------------------------------------------------------

t.test('too many parts: refused, and the rest is not looked at', async (t) => {
  const parts = (count: number): Buffer => Buffer.from(form(...Array.from({ length: count }, () => field('x', '')), field('model', 'a')))
  const most = new MultipartScanner(BOUNDARY)
  feedLarge(most, parts(9_999))
  t.strictSame(most.result(), found('a'))
  const body = parts(100_000)
  const scanner = new MultipartScanner(BOUNDARY)
  const searched = countSearched(() => feedLarge(scanner, body))
  t.strictSame(scanner.result(), malformed('it has more than 10000 parts'))
  t.ok(searched < body.length / 8, `${searched} of ${body.length} bytes`)
})

t.test('headers that are too large: refused, and the rest is not looked at', async (t) => {
  const part = (length: number): Buffer => Buffer.from(form(`X: ${'y'.repeat(length)}\r\n${field('model', 'a')}`))
  const most = 16 * 1024 - Buffer.byteLength('\r\nX: \r\nContent-Disposition: form-data; name="model"')
  const large = new MultipartScanner(BOUNDARY)
  feedLarge(large, part(most), 1000)
  t.strictSame(large.result(), found('a'))
  for (const length of [most + 1, 10_000_000]) {
    const body = part(length)
    const scanner = new MultipartScanner(BOUNDARY)
    const searched = countSearched(() => feedLarge(scanner, body, 1000))
    t.strictSame(scanner.result(), malformed('part 1 has more than 16 KB of headers'))
    t.ok(searched < 20_000, `${searched} bytes`)
  }
  t.strictSame(scanned(`--boundary${' '.repeat(100_000)}`).result(), malformed('part 1 has more than 16 KB of headers'), 'nor may the line of the boundary go on for ever')
})

t.test('too many headers, parameters, models; a model that is too long', async (t) => {
  const lines = (count: number): string => Array.from({ length: count }, (_, i) => `X${i}: y\r\n`).join('')
  t.strictSame(scanned(form(lines(31) + field('model', 'a'))).result(), found('a'))
  t.strictSame(scanned(form(lines(32) + field('model', 'a'))).result(), malformed('part 1 has more than 32 headers'))
  t.strictSame(scanned(disposition(';'.repeat(31) + ';name=model')).result(), found('a'))
  t.strictSame(scanned(disposition(';'.repeat(32) + ';name=model')).result(), malformed('part 1 has a malformed content-disposition header'))
  t.strictSame(scanned(form(...Array.from({ length: 100 }, () => field('model', 'a')))).result(), found('a'))
  t.strictSame(scanned(form(...Array.from({ length: 101 }, () => field('model', 'a')))).result(), malformed('it has more than 100 fields "model"'))
  t.strictSame(scanned(form(field('model', 'n'.repeat(16 * 1024)))).result(), found('n'.repeat(16 * 1024)))
  t.strictSame(scanned(form(field('model', 'n'.repeat(16 * 1024 + 1)))).result(), malformed('"model" is longer than 16 KB'))
})

t.test('a large file is searched once: with each chunk no more than a boundary is looked at again', async (t) => {
  const boundary = 'y'.repeat(70)
  const traps = ['x', '\r', '\r\n', '\r\n--', `\r\n--${'y'.repeat(69)}`, `\r\n--${boundary}y`, `\r\n--${boundary}-`, 'y', `y--${boundary}`, '\r\n\r\n']
  for (const trap of traps) {
    for (const piece of [100, 64 * 1024]) {
      const size = piece * 200
      const body = Buffer.from(form(file(trap.repeat(Math.ceil(size / trap.length))), field('model', 'a')).replaceAll('boundary', boundary))
      const scanner = new MultipartScanner(boundary)
      const searched = countSearched(() => feedLarge(scanner, body, piece))
      t.strictSame(scanner.result(), found('a'), JSON.stringify(trap))
      // So 100 MB in chunks of 64 KiB mean less than 0.2 % more than 100 MB.
      t.ok(searched <= body.length + Math.ceil(body.length / piece) * (boundary.length + 4), `${searched} of ${body.length} bytes`)
    }
  }
})

t.test('traps for a search that begins anew: well under a second', async (t) => {
  for (const trap of ['\r\n--bounda', '\r\n--boundary2', '\r', '\r\n', '\r\n--b\r\n--bo\r\n--boundar']) {
    const body = Buffer.from(form(file(trap.repeat(1_000_000)), field('model', 'a')))
    const scanner = new MultipartScanner(BOUNDARY)
    const time = computed(() => feedLarge(scanner, body))
    t.strictSame(scanner.result(), found('a'))
    t.ok(time < 1000, `${JSON.stringify(trap)}: ${time} ms`)
  }
})

t.test('traps for the reading of headers: well under a second', async (t) => {
  const long = (text: string): string => text.repeat(Math.floor(16_000 / text.length))
  for (const parameters of [long('\\'), long('"'), long('\\"'), long(' '), long('\t;'), long('=" '), `;${long(' ')}x`, `; name=${long(' ')}"`, `; name="${long('\\\\')}`, `; ${long('a')}`, `;a${long(' ')}`, `; name=model${long(' ')}x`]) {
    const body = Buffer.from(`${disposition(parameters)}`)
    const time = computed(() => { for (let i = 0; i < 50; i++) feedLarge(new MultipartScanner(BOUNDARY), body) })
    t.ok(time < 1000, `${JSON.stringify(parameters.slice(0, 20))}: ${time} ms`)
  }
})
