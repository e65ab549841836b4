import fc from 'fast-check'
import { deepStrictEqual as deepEqual } from 'node:assert'
import t from 'tap'
import { scannerFor } from '../lib/body/content.ts'
import type { BodyScanner, ScanResult } from '../lib/body/scanner.ts'
import { UrlencodedScanner } from '../lib/body/urlencoded.ts'
import { computed, countSearched, everyCut, feed, feedLarge } from './helper/feed.ts'
import { ambiguous, found, malformed, missing } from './helper/scan-results.ts'

const RUBBISH = '&model=no&'

function scanned (body: string | Buffer, cuts: readonly number[] = []): UrlencodedScanner {
  const scanner = new UrlencodedScanner()
  feed(scanner, body, cuts, RUBBISH)
  return scanner
}

const table: Array<[what: string, body: string, expected: ScanResult]> = [
  ['the only pair', 'model=a', found('a')],
  ['the first pair', 'model=a&x=y', found('a')],
  ['the last pair', 'x=y&model=a', found('a')],
  ['empty pairs around it', '&&model=a&&', found('a')],
  ['pairs without a name or a value', '=x&y&z=&model=a&=', found('a')],
  ['an encoded name', 'mod%65l=a', found('a')],
  ['a name with every letter encoded', '%6D%6f%64%65%6C=a', found('a')],
  ['an encoded value', 'model=%61%2Fb%26c%3Dd+e%2B', found('a/b&c=d e+')],
  ['a value with an equals sign', 'model=a=b', found('a=b')],
  ['a value of other scripts', 'model=%E6%A8%A1%E5%9E%8B', found('模型')],
  ['the same as it is', 'model=模型é😀', found('模型é😀')],
  ['a value with a semicolon, which does not separate', 'x=y;model=b&model=a;z', found('a;z')],
  ['a value with a line end', 'model=a\r\n', found('a\r\n')],
  ['the same model twice', 'model=a&model=a', found('a')],
  ['the same model twice, spelled differently', 'model=a&%6dodel=%61', found('a')],
  ['two different models', 'model=a&x=y&model=b', ambiguous],
  ['an empty model beside another', 'model=&model=a', ambiguous],
  ['a model without a value beside another', 'model&model=a', ambiguous],
  ['an empty model', 'model=', missing],
  ['a model without a value', 'model', missing],
  ['a model without a value and another pair', 'model&=a', missing],
  ['no model', 'models=a&Model=b&mode=c&+model=d&model+=e&model%00=f&model%20=g&%20model=h', missing],
  ['nothing', '', missing],
  ['only blanks', ' \r\n\t', missing],
  ['blanks before the name', ' model=a', missing],
  ['model as a value', 'x=model&y=model=a', missing],
  ['a name with broken encoding', '%zz=x&model%=y&%6=z&%=&model=a', found('a')],
  ['another value with broken encoding', 'x=%zz&model=a&y=%', found('a')],
  ['another value with broken UTF-8', 'x=%ff&model=a', found('a')],
  ['a value with broken encoding', 'model=%zz', malformed('"model" has broken percent-encoding')],
  ['a value with half an encoding', 'model=a%4&x=y', malformed('"model" has broken percent-encoding')],
  ['a value with an encoding across the pair', 'model=a%&41', malformed('"model" has broken percent-encoding')],
  ['a value with broken UTF-8', 'model=%ff', malformed('"model" has broken percent-encoding')],
  ['one broken value of two', 'model=a&model=%', malformed('"model" has broken percent-encoding')],
  ['what comes after a broken value', 'model=%&model=a&model=b', malformed('"model" has broken percent-encoding')],
  ['JSON', '{"model":"a"}', found('a')],
  ['JSON behind blanks', ' \r\n\t{"x":"&model=b&","model":"a"}', found('a')],
  ['JSON without a model', '{"x":"&model=b&"}', missing],
  ['two models in JSON', '{"model":"a","model":"b"}', ambiguous],
  ['JSON cut short', '{"model":"a"', { kind: 'notJson' }],
  ['a brace that is not the first', 'x={&model=a', found('a')]
]

for (const [what, body, expected] of table) {
  t.test(`${what}: ${expected.kind}`, async (t) => {
    for (const cuts of everyCut(body)) t.strictSame(scanned(body, cuts).result(), expected, `cut at ${String(cuts)}`)
  })
}

t.test('a model that is not UTF-8', async (t) => {
  t.strictSame(scanned(Buffer.from('model=\xe9', 'latin1')).result(), malformed('"model" is not UTF-8'))
  t.strictSame(scanned(Buffer.from('x=\xe9&model=a', 'latin1')).result(), found('a'), 'what else is not is not our business')
})

t.test('stream', async (t) => {
  for (const body of ['stream=true', 'model=a&stream=true', 'stream=true&model=a', 'stream=%74rue', '%73tr%65am=true', '%73%74%72%65%61%6d=true', 'stream=no&stream=true', '{"stream":true}']) t.ok(scanned(body).streams, body)
  for (const body of ['', 'stream', 'stream=', 'stream=True', 'stream=1', 'stream=%', 'stream=true&stream=false', 'streams=true', 'x=stream=true', 'model=true', '{"stream":false}', `stream=true${'x'.repeat(100_000)}`]) t.notOk(scanned(body).streams, body.slice(0, 40))
})

t.test('it is asked for the result, and for stream, in any order and more than once', async (t) => {
  const scanner = scanned('stream=true&model=a')
  for (let i = 0; i < 2; i++) {
    t.ok(scanner.streams)
    t.strictSame(scanner.result(), found('a'))
  }
})

t.test('the scanner for a content type', async (t) => {
  for (const type of ['application/x-www-form-urlencoded', 'application/X-WWW-Form-Urlencoded; charset=utf-8']) {
    const kindOf = (body: string): string => {
      const scanner: BodyScanner = scannerFor(type)
      feed(scanner, body, [], RUBBISH)
      t.strictSame(scanner.result(), found('a'))
      return scanner.kind
    }
    t.equal(kindOf('model=a'), 'form')
    t.equal(kindOf(' {"model":"a"}'), 'json')
  }
})

// -- Rewriting -------------------------------------------------------------------------------------------------------

function rewrite (body: string | Buffer, model: string): string {
  const scanner = scanned(body)
  t.equal(scanner.result().kind, 'found')
  return scanner.rewrite(Buffer.from(body), model).toString('latin1')
}

t.test('another model in the place of the one found; all else stays', async (t) => {
  t.equal(rewrite('model=a', 'b'), 'model=b')
  t.equal(rewrite('&z=%7A&mod%65l=a&&y=%zz;+ =&model=%61&x', 'b'), '&z=%7A&mod%65l=b&&y=%zz;+ =&model=b&x')
  t.equal(rewrite(Buffer.from('x=\xff\0&model=abc&y', 'latin1'), 'b'), 'x=\xff\0&model=b&y')
  t.equal(rewrite('model=a&x', 'a/b&c=d e+%é😀\r\n\ud83d$&'), 'model=a%2Fb%26c%3Dd+e%2B%25%C3%A9%F0%9F%98%80%0D%0A%EF%BF%BD%24%26&x')
})

t.test('a form without a model stays as it is', async (t) => {
  for (const body of ['', ' ', 'x=y', 'model=&x=y']) {
    const scanner = scanned(body)
    t.strictSame(scanner.result(), missing)
    t.equal(scanner.rewrite(Buffer.from(body), 'a').toString(), body)
  }
})

t.test('JSON is edited elsewhere', async (t) => {
  t.throws(() => rewrite('{"model":"a"}', 'b'), TypeError)
})

// -- Against URLSearchParams -----------------------------------------------------------------------------------------

const piece = fc.oneof(fc.constantFrom('model', 'stream', 'true', '=', '+', '%', '%20', '%6d', 'odel', 'é', ';', '%2', 'a', '%26', ' '), fc.string({ unit: 'grapheme', maxLength: 3 }))
const half = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('').replaceAll('&', ''))
const encoded = fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => encodeURIComponent(text))
const pair = fc.oneof(
  half,
  fc.tuple(fc.constantFrom('model', 'mod%65l', '%6Dodel', 'stream'), fc.oneof(encoded, fc.constantFrom('a', 'b', '%61', '', 'true'))).map((pair) => pair.join('=')),
  fc.tuple(half, encoded).map((pair) => pair.join('='))
)
const cuts = fc.array(fc.nat(1_000_000), { maxLength: 12 })

t.test('any form, in any chunks: the model is what URLSearchParams finds, and rewriting changes nothing else', async (t) => {
  let models = 0
  fc.assert(fc.property(fc.array(pair, { maxLength: 6 }), cuts, fc.string({ unit: 'grapheme' }), (pairs, cuts, model) => {
    const body = pairs.join('&')
    fc.pre(!/^[ \t\r\n]*\{/.test(body))
    const scanner = scanned(body, cuts)
    const result = scanner.result()
    const params = new URLSearchParams(`&${body}`)
    if (result.kind === 'malformed') {
      // What that lets pass.
      deepEqual(params.getAll('model').some((value) => /[%\ufffd]/.test(value)), true)
      return
    }
    const values = new Set(params.getAll('model'))
    const [value] = values
    deepEqual(result, values.size > 1 ? ambiguous : value === undefined || value === '' ? missing : found(value))
    deepEqual(scanner.streams, params.getAll('stream').at(-1) === 'true')
    if (result.kind !== 'found') return
    models++

    const rewritten = scanner.rewrite(Buffer.from(body), model).toString().split('&')
    deepEqual(rewritten.length, pairs.length)
    const isModel = (pair: string): boolean => new URLSearchParams(`&${pair}`).has('model')
    for (const [i, pair] of pairs.entries()) {
      if (!isModel(pair)) deepEqual(rewritten[i], pair)
      else deepEqual(new URLSearchParams(`&${rewritten[i]!}`).get('model'), model)
    }
  }), { numRuns: 2000 })
  t.ok(models > 100, `and there were models to rewrite: ${models}`)
})

// -- Size ------------------------------------------------------------------------------------------------------------

t.test('a large value is searched once', async (t) => {
  const body = Buffer.from(`x=${'%41'.repeat(1_000_000)}&model=a`)
  for (const piece of [10_000, 64 * 1024]) {
    const scanner = new UrlencodedScanner()
    const searched = countSearched(() => feedLarge(scanner, body, piece))
    t.strictSame(scanner.result(), found('a'))
    t.ok(searched <= body.length, `${searched} of ${body.length} bytes`)
  }
})

t.test('very many pairs: well under a second', async (t) => {
  for (const pair of ['&', '=&', 'x=y&', 'stream=true&', 'stream=%&', 'modem=a&', '%6dode=&', '%6d%6f%64%65=&', '%%%%%%%%%&', `x=${'y'.repeat(20)}&`]) {
    const body = Buffer.from(pair.repeat(300_000) + 'x=y')
    const scanner = new UrlencodedScanner()
    const time = computed(() => {
      feedLarge(scanner, body)
      t.strictSame(scanner.result(), missing)
    })
    t.ok(time < 1000, `${pair}: ${time} ms`)
  }
})

t.test('too many models, or one that is too long', async (t) => {
  t.strictSame(scanned('model=a&'.repeat(100)).result(), found('a'))
  for (const pair of ['model=a&', 'model=&', 'model&']) t.strictSame(scanned(pair.repeat(101)).result(), malformed('it has more than 100 fields "model"'))
  const body = Buffer.from('model=a&'.repeat(1_000_000))
  const scanner = new UrlencodedScanner()
  feedLarge(scanner, body)
  t.strictSame(scanner.result(), malformed('it has more than 100 fields "model"'))
  const name = 'n'.repeat(16 * 1024)
  t.strictSame(scanned(`model=${name}`).result(), found(name))
  t.strictSame(scanned(`model=${name}n`).result(), malformed('"model" is longer than 16 KB'))
})
