import t from 'tap'
import fc from 'fast-check'
import { parseDsl } from '../lib/config/routing/dsl-parse.ts'
import type { Expression } from '../lib/config/routing/dsl-parse.ts'
import { DslError } from '../lib/config/routing/dsl-tokens.ts'
import { compareNatural } from '../lib/config/routing/natural-order.ts'

// With every parenthesis that the meaning has.
function show (expression: Expression): string {
  if (expression.kind === 'model') return expression.name
  if (expression.kind === 'set') return `+${expression.name}`
  return `(${expression.of.map(show).join(expression.kind === 'all' ? ' & ' : ' | ')})`
}

function refusal (dsl: string): string | undefined {
  try {
    parseDsl(dsl)
    return undefined
  } catch (error) {
    if (error instanceof DslError) return error.message
    throw error
  }
}

for (const [condition, dsl, meaning] of [
  ['a model', 'a', 'a'],
  ['models together', 'a & b & c', '(a & b & c)'],
  ['alternatives', 'a | b | c', '(a | b | c)'],
  ['& binds tighter than |', 'a & b | c & d', '((a & b) | (c & d))'],
  ['parentheses bind tightest', 'a & (b | c) & d', '(a & (b | c) & d)'],
  ['parentheses too many', '(((a)))', 'a'],
  ['another set', '+other & a', '(+other & a)'],
  ['no space', 'a&b|+c', '((a & b) | +c)'],
  ['space of all kinds', '\ta\n&\u00a0b\r\n', '(a & b)'],
  ['names of all kinds', 'gpt-4.1_x | Ünï | 7b | -', '(gpt-4.1_x | Ünï | 7b | -)'],
  ['names in other scripts', '模型 & ٣', '(模型 & ٣)'],
  ['set names of all kinds', '+s_1 | +s.2 | +s-3', '(+s_1 | +s.2 | +s-3)']
] as const) {
  t.test(`read: ${condition}`, async (t) => {
    t.equal(show(parseDsl(dsl)), meaning)
  })
}

for (const [condition, dsl, message] of [
  ['nothing', '', 'the expression is empty'],
  ['only space', ' \t\n', 'the expression is empty'],
  ['+ at the end', 'a & +', 'expected the name of a set after "+" at position 5'],
  ['+ and then space', '+ s', 'expected the name of a set after "+" at position 1'],
  ['+ and then a parenthesis', '+(a)', 'expected the name of a set after "+" at position 1'],
  ['a sign that means nothing', 'a $ b', 'unexpected character "$" at position 2'],
  ['a slash, which needs a var', 'o/p', 'unexpected character "/" at position 1'],
  ['a colon, which needs a var', 'a:b', 'unexpected character ":" at position 1'],
  ['a sign of two code units', 'a 😀', 'unexpected character "😀" at position 2'],
  ['a combining mark', 'e\u0301', 'unexpected character "\u0301" at position 1'],
  ['a number sign that is no digit', '²', 'unexpected character "²" at position 0'],
  ['a parenthesis left open', '(a', 'missing closing parenthesis for that at position 0'],
  ['the inner of two left open', '(a & (b)', 'missing closing parenthesis for that at position 0'],
  ['nothing after an opening one', '(', 'unexpected end, expected a model, "+" or "(" at position 1'],
  ['nothing in parentheses', '()', 'unexpected ")" at position 1'],
  ['a closing one too many', 'a)', 'unexpected ")" at position 1'],
  ['two models without a sign', 'a b', 'unexpected "b" at position 2'],
  ['two models without a sign in parentheses', '(a b)', 'unexpected "b" at position 3'],
  ['a set without a sign', 'a +b', 'unexpected "b" at position 2'],
  ['& at the end', 'a &', 'unexpected end, expected a model, "+" or "(" at position 3'],
  ['| at the start', '| a', 'unexpected "|" at position 0'],
  ['&&', 'a && b', 'unexpected "&" at position 3'],
  ['||', 'a || b', 'unexpected "|" at position 3']
] as const) {
  t.test(`refused: ${condition}`, async (t) => {
    t.equal(refusal(dsl), message)
  })
}

t.test('hostile: any length, any depth, a clear error at once', async (t) => {
  for (const [dsl, message] of [
    ['('.repeat(60_000), 'parentheses are nested too deeply at position 200: 200 at most'],
    ['('.repeat(30_000) + 'a' + ')'.repeat(30_000), 'parentheses are nested too deeply at position 200: 200 at most'],
    ['a&'.repeat(500_000) + 'a', 'the expression is too long: 1000001 characters, at most 65536'],
    [' '.repeat(60_000), 'the expression is empty'],
    ['&'.repeat(60_000), 'unexpected "&" at position 0'],
    ['+'.repeat(60_000), 'expected the name of a set after "+" at position 1'],
    ['a'.repeat(60_000) + '$', 'unexpected character "$" at position 60000']
  ] as const) {
    const start = performance.now()
    t.equal(refusal(dsl), message)
    t.ok(performance.now() - start < 2000)
  }
})

t.test('many parentheses side by side are not deep', async (t) => {
  t.equal(show(parseDsl(Array.from({ length: 1000 }, () => '(a)').join('&'))), `(${Array.from({ length: 1000 }, () => 'a').join(' & ')})`)
})

t.test('any text is read or refused with a DslError', async () => {
  const token = fc.constantFrom('a', 'b', '+', '+s', '&', '|', '(', ')', ' ', '$', '😀', '\ud800', '.')
  fc.assert(fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
    const dsl = tokens.join('')
    if (refusal(dsl) !== undefined) return true
    const shown = show(parseDsl(dsl))
    return show(parseDsl(shown)) === shown
  }), { numRuns: 2000 })
})

// Each row as llama-swap sorts it.
for (const [condition, sorted] of [
  ['numbers by value', ['s1', 's2', 's9', 's10', 's100']],
  ['of equal numbers the shorter first', ['s1', 's01', 's001', 's2']],
  ['capitals first', ['A', 'Z', 'a', 'b', 'é']],
  ['signs, then numbers, then letters', ['-', '.', '_', '0', '7', 'A', 'a']],
  ['after a number letters first', ['s1', 's1a', 's1-', 's1.b', 's1_']],
  ['signs before numbers', ['s-1', 's1']],
  ['the shorter first', ['', 's', 's1', 's1a', 'sa', 'sab']],
  ['numbers of any size', ['s99999999999999999998', 's99999999999999999999']]
] as const) {
  t.test(`order of names: ${condition}`, async (t) => {
    t.strictSame([...sorted].reverse().sort(compareNatural), sorted)
    for (const name of sorted) t.equal(compareNatural(name, name), 0)
  })
}
