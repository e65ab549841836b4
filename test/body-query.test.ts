import fc from 'fast-check'
import { deepStrictEqual as deepEqual } from 'node:assert'
import t from 'tap'
import { modelInQuery, rewriteQuery } from '../lib/body/query.ts'
import type { ScanResult } from '../lib/body/scanner.ts'
import { ambiguous, found, malformed, missing } from './helper/scan-results.ts'

/** As Node gives a URL: one character a byte. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1')

const table: Array<[query: string, expected: ScanResult]> = [
  ['model=a', found('a')],
  ['x=y&model=a', found('a')],
  ['model=a&x=y', found('a')],
  ['mod%65l=org%2Fa%3Aq4+x', found('org/a:q4 x')],
  ['model=org/a:q4?', found('org/a:q4?')],
  [bytes('model=模型é'), found('模型é')],
  ['model=模型é', found('模型é')],
  ['model=é', found('é')],
  ['model=a&model=%61', found('a')],
  ['model=a&model=b', ambiguous],
  ['model=&model=a', ambiguous],
  ['x=y;model=a', missing],
  ['{"model":"a"}', missing],
  ['?model=a', missing],
  ['model=', missing],
  ['model', missing],
  ['', missing],
  ['x=%zz&model=a', found('a')],
  ['model=%zz', malformed('"model" has broken percent-encoding')],
  ['model=%ff', malformed('"model" has broken percent-encoding')]
]

for (const [query, expected] of table) {
  t.test(`${query}: ${expected.kind}`, async (t) => {
    t.strictSame(modelInQuery(`?${query}`), expected)
    if (!query.startsWith('?')) t.strictSame(modelInQuery(query), expected, 'without its ?')
  })
}

t.test('another model in the place of the one found; all else stays', async (t) => {
  const queries: Array<[before: string, after: string]> = [
    ['model=a', 'model=b%2Fc+d'],
    ['?model=a', '?model=b%2Fc+d'],
    ['?x=%7a;&mod%65l=%61&&y=%zz&model=a&z', '?x=%7a;&mod%65l=b%2Fc+d&&y=%zz&model=b%2Fc+d&z'],
    [`?x=${bytes('é')}&model=${bytes('模型')}&y=${bytes('😀')}`, `?x=${bytes('é')}&model=b%2Fc+d&y=${bytes('😀')}`],
    ['?x=é&model=模型&y=😀', '?x=é&model=b%2Fc+d&y=😀'],
    ['?x=\xe9&model=a&y=\0\xff', '?x=\xe9&model=b%2Fc+d&y=\0\xff'],
    ['?x=y', '?x=y'],
    ['?', '?'],
    ['', '']
  ]
  for (const [before, after] of queries) t.equal(rewriteQuery(before, 'b/c d'), after)
  t.equal(rewriteQuery('?model=a&x', 'é&\r\n#?'), '?model=%C3%A9%26%0D%0A%23%3F&x')
})

t.test('any query: what is not the model stays, and the model is the new one', async (t) => {
  const half = fc.oneof(fc.constantFrom('model', 'mod%65l', 'a', '%', '%zz', 'é', '+'), fc.string({ unit: 'grapheme', maxLength: 4 })).map((text) => text.replaceAll('&', ''))
  const value = fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => encodeURIComponent(text))
  const pair = fc.oneof(fc.tuple(half, fc.oneof(half, value)).map((pair) => pair.join('=')), half, value.map((value) => `model=${value}`))
  let models = 0
  fc.assert(fc.property(fc.array(pair, { maxLength: 5 }), fc.constantFrom('?', ''), fc.boolean(), fc.string({ unit: 'grapheme', minLength: 1 }), (pairs, mark, asBytes, model) => {
    const query = mark + (asBytes ? bytes(pairs.join('&')) : pairs.join('&'))
    fc.pre(mark === '?' || !query.startsWith('?'))
    if (modelInQuery(query).kind !== 'found') return
    models++
    const rewritten = rewriteQuery(query, model)
    deepEqual(modelInQuery(rewritten), found(model))
    const kept = (query: string): string[] => query.slice(mark.length).split('&').map((pair) => /^(model|mod%65l)=/.test(pair) ? '' : pair)
    deepEqual(kept(rewritten), kept(query))
  }), { numRuns: 2000 })
  t.ok(models > 100, `and there were models to rewrite: ${models}`)
})
