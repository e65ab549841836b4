import t from 'tap'
import fc from 'fast-check'
import { companions } from '../lib/config/routing/matrix-companions.ts'
import { coexist, evictions } from '../lib/config/routing/matrix-solve.ts'
import { resolveMatrix } from '../lib/config/routing/matrix.ts'
import type { Matrix } from '../lib/config/routing/matrix.ts'
import type { MatrixInput } from '../types/routing.ts'
import { lines } from './helper/resolution.ts'

const IDS = new Set(['a', 'b', 'c', 'd', 'e', 'o/p', 's'])
const resolve = (input: MatrixInput, ids: ReadonlySet<string> = IDS) => resolveMatrix(input, ['matrix'], ids)
function matrixOf (input: MatrixInput, ids?: ReadonlySet<string>): Matrix {
  const { value, problems } = resolve(input, ids)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return value
}

t.test('vars, costs and sets', async (t) => {
  const { value, problems, warnings } = resolve({ vars: { 'v.1-x': 'o/p', a: 'b' }, evict_costs: { 'v.1-x': 3, c: 2 }, sets: { s: 'v.1-x & a | c', empty: '+s' } })
  t.strictSame([problems, warnings], [[], []])
  t.strictSame(value.sets.map(({ name, dsl }) => [name, dsl]), [['s', 'v.1-x & a | c'], ['empty', '+s']])
  t.strictSame(value.costs, new Map([['o/p', 3], ['c', 2]]))
  t.ok(coexist(value, ['o/p', 'b']), 'a var goes before the model of that name')
  t.notOk(coexist(value, ['o/p', 'a']))
  for (const part of [value, value.sets, ...value.sets]) t.ok(Object.isFrozen(part))
})

t.test('sets are in natural order, those referred to first', async (t) => {
  const order = (sets: Record<string, string>): string[] => matrixOf({ sets }).sets.map(({ name }) => name)
  t.strictSame(order({ s10: 'a', x: 'a', s9: 'a', S1: 'a', s01: 'a', s1: 'a' }), ['S1', 's1', 's01', 's9', 's10', 'x'])
  t.strictSame(order({ a: '+z & +m', m: 'a', z: '+y', y: 'b' }), ['y', 'z', 'm', 'a'])
})

for (const [condition, input, problems] of [
  ['no sets', {}, ['matrix.sets: must define at least one set']],
  ['empty sets', { sets: {} }, ['matrix.sets: must define at least one set']],
  ['an empty expression', { sets: { x: ' ' } }, ['matrix.sets.x: the expression is empty']],
  ['a mistake in an expression', { sets: { x: 'a $' } }, ['matrix.sets.x: unexpected character "$" at position 2']],
  ['an unknown model', { sets: { x: 'a & zz | yy' } }, ['matrix.sets.x: unknown var or model "zz" at position 4', 'matrix.sets.x: unknown var or model "yy" at position 9']],
  ['a model in other capitals', { sets: { x: 'A' } }, ['matrix.sets.x: unknown var or model "A" at position 0']],
  ['a name that every object has', { sets: { x: 'constructor | +toString' } }, ['matrix.sets.x: unknown var or model "constructor" at position 0', 'matrix.sets.x: undefined set "toString" at position 14']],
  ['an undefined set', { sets: { x: 'a & +y' } }, ['matrix.sets.x: undefined set "y" at position 4']],
  ['a set as a model', { sets: { x: 'y', y: 'a' } }, ['matrix.sets.x: unknown var or model "y" at position 0']],
  ['a reference to a set with a mistake is no other mistake', { sets: { x: '+y', y: '(' } }, ['matrix.sets.y: unexpected end, expected a model, "+" or "(" at position 1']],
  ['a set that refers to itself', { sets: { x: 'a | +x' } }, ['matrix.sets.x: circular reference: "x" -> "x"']],
  ['a circle', { sets: { x: '+y', y: 'a & +z', z: 'b | +x', w: '+x' } }, ['matrix.sets.x: circular reference: "x" -> "y" -> "z" -> "x"']],
  ['two circles', { sets: { x: '+x', y: '+z', z: '+y' } }, ['matrix.sets.x: circular reference: "x" -> "x"', 'matrix.sets.y: circular reference: "y" -> "z" -> "y"']],
  ['a var name with other signs', { vars: { a_b: 'a' }, sets: { x: 'a' } }, ['matrix.vars.a_b: the name of a var must be 1 to 32 letters (a to z), digits, "-" or "."']],
  ['a var name with other letters', { vars: { é: 'a' }, sets: { x: 'a' } }, ['matrix.vars.é: the name of a var must be 1 to 32 letters (a to z), digits, "-" or "."']],
  ['an empty var name', { vars: { '': 'a' }, sets: { x: 'a' } }, ['matrix.vars.: the name of a var must be 1 to 32 letters (a to z), digits, "-" or "."']],
  ['a var name of 33 letters', { vars: { ['x'.repeat(33)]: 'a' }, sets: { x: 'a' } }, [`matrix.vars.${'x'.repeat(33)}: the name of a var must be 1 to 32 letters (a to z), digits, "-" or "."`]],
  ['a var of an unknown model', { vars: { v: 'zz' }, sets: { x: 'a' } }, ['matrix.vars.v: unknown model "zz" (aliases do not count here)']],
  ['a var of a var', { vars: { v: 'a', w: 'v' }, sets: { x: 'w' } }, ['matrix.vars.w: unknown model "v" (aliases do not count here)']],
  ['a cost of 0', { evict_costs: { a: 0 }, sets: { x: 'a' } }, ['matrix.evict_costs.a: must be a whole number, 1 or more, not 0']],
  ['a negative cost', { evict_costs: { a: -1 }, sets: { x: 'a' } }, ['matrix.evict_costs.a: must be a whole number, 1 or more, not -1']],
  ['a broken cost', { evict_costs: { a: 0.5 }, sets: { x: 'a' } }, ['matrix.evict_costs.a: must be a whole number, 1 or more, not 0.5']],
  ['a cost of an unknown model', { evict_costs: { zz: 1 }, sets: { x: 'a' } }, ['matrix.evict_costs.zz: unknown var or model "zz"']],
  ['two costs of one model', { vars: { v: 'a' }, evict_costs: { v: 1, a: 2 }, sets: { x: 'a' } }, ['matrix.evict_costs.a: the model "a" has a cost under another name too, and a different one']],
  ['everything at once', { vars: { v: 'zz' }, evict_costs: { yy: 1 }, sets: {} }, ['matrix.vars.v: unknown model "zz" (aliases do not count here)', 'matrix.evict_costs.yy: unknown var or model "yy"', 'matrix.sets: must define at least one set']]
] satisfies Array<[string, MatrixInput, string[]]>) {
  t.test(`refused: ${condition}`, async (t) => {
    t.strictSame(lines(resolve(input)), problems)
  })
}

t.test('accepted: the same cost twice, a var of 32 letters, a set without a name', async (t) => {
  const long = 'x'.repeat(32)
  t.strictSame(lines(resolve({ vars: { v: 'a', [long]: 'b' }, evict_costs: { v: 2, a: 2 }, sets: { '': `v & ${long}` } })), [])
})

// Rows marked * are ties, decided as llama-swap does.
for (const [condition, input, target, running, evicted] of [
  ['nothing when nothing runs', { sets: { x: 'a' } }, 'a', [], []],
  ['nothing when the target runs', { sets: { x: 'a | b' } }, 'a', ['b', 'a'], []],
  ['nothing of a set that allows all', { sets: { x: 'a & b & c' } }, 'a', ['c', 'b'], []],
  ['everything for a target in no set', { sets: { x: 'a & b' } }, 'c', ['b', 'a'], ['b', 'a']],
  ['what no set knows', { sets: { x: 'a & b' } }, 'a', ['b', 'c'], ['c']],
  ['the alternatives', { sets: { x: 'a | b | c' } }, 'a', ['b', 'c'], ['b', 'c']],
  ['the cheaper of two', { evict_costs: { b: 3 }, sets: { x: 'a & (b | c)' } }, 'a', ['c', 'b'], ['c']],
  ['two cheap ones rather than a dear one', { evict_costs: { d: 3 }, sets: { x: 'a & b & c', y: 'a & d' } }, 'a', ['b', 'c', 'd'], ['b', 'c']],
  ['a dear one rather than three cheap ones', { evict_costs: { d: 2 }, sets: { x: 'a & b & c & e', y: 'a & d' } }, 'a', ['b', 'c', 'd', 'e'], ['d']],
  ['by var', { vars: { v: 'o/p' }, evict_costs: { v: 9 }, sets: { x: 'a & (b | v)' } }, 'a', ['b', 'o/p'], ['b']],
  ['through references', { sets: { pair: 'b | c', x: 'a & +pair & d' } }, 'a', ['b', 'c', 'd'], ['c']],
  ['* of equal sets the first by name', { sets: { y: 'a & c', x: 'a & b' } }, 'a', ['b', 'c'], ['c']],
  ['* s9 before s10', { sets: { s10: 'a & c', s9: 'a & b' } }, 'a', ['b', 'c'], ['c']],
  ['* capitals first', { sets: { s: 'a & c', S: 'a & b' } }, 'a', ['b', 'c'], ['c']],
  ['* a set referred to before the one that refers', { sets: { x: '+y & a | a & b', y: 'a & c' } }, 'a', ['b', 'c'], ['b']],
  ['* of equal alternatives the left one', { sets: { x: 'a & (c | b)' } }, 'a', ['b', 'c'], ['b']],
  ['* the left part changes last', { sets: { x: '(a & b | a & c) & (d | e)' } }, 'a', ['b', 'c', 'd', 'e'], ['c', 'e']],
  ['* an alternative that another contains does not count', { sets: { x: '(b | c | b & d) & (a & d | a)' } }, 'a', ['b', 'c', 'd'], ['b']],
  ['a part in both places stays', { sets: { x: 'a & (a | b) & (b | c)' } }, 'a', ['b', 'c'], []],
  ['the target that is only an alternative', { sets: { x: '(a | b) & (b | c) & d' } }, 'a', ['b', 'c', 'd'], ['c']]
] satisfies Array<[string, MatrixInput, string, string[], string[]]>) {
  t.test(`evicted: ${condition}`, async (t) => {
    t.strictSame(evictions(matrixOf(input), target, running), evicted)
  })
}

t.test('coexist: in one set, not in two', async (t) => {
  const matrix = matrixOf({ sets: { x: 'a & (b | c)', y: 'c & d', z: '+x & e' } })
  for (const models of [[], ['a'], ['a', 'b'], ['c', 'a'], ['c', 'd'], ['a', 'b', 'e'], ['a', 'a']]) t.ok(coexist(matrix, models), models.join())
  for (const models of [['b', 'c'], ['a', 'd'], ['a', 'c', 'd'], ['a', 'b', 'c', 'e'], ['s'], ['zz'], ['a', 'zz']]) t.notOk(coexist(matrix, models), models.join())
})

// The same by brute force: every combination, spelled out.
type Tree = string | { and: Tree[] } | { or: Tree[] } | { set: number }
function dslOf (tree: Tree): string {
  if (typeof tree === 'string') return tree
  if ('set' in tree) return `+s${tree.set}`
  return 'and' in tree ? `(${tree.and.map(dslOf).join(' & ')})` : `(${tree.or.map(dslOf).join(' | ')})`
}
function expand (tree: Tree, sets: Tree[]): Array<Set<string>> {
  if (typeof tree === 'string') return [new Set([tree])]
  if ('set' in tree) return expand(sets[tree.set]!, sets)
  if ('or' in tree) return distinct(tree.or.flatMap((part) => expand(part, sets)))
  return tree.and.reduce<Array<Set<string>>>((all, part) => distinct(all.flatMap((left) => expand(part, sets).map((right) => new Set([...left, ...right])))), [new Set()])
}
// Else nested sets make millions of the same few.
function distinct (states: Array<Set<string>>): Array<Set<string>> {
  return [...new Map(states.map((state) => [[...state].sort().join(), state])).values()]
}

const MODELS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
function trees (references: number): fc.Arbitrary<Tree> {
  const model: fc.Arbitrary<Tree> = fc.constantFrom(...MODELS)
  const leaf = references === 0 ? model : fc.oneof(model, fc.nat(references - 1).map((set): Tree => ({ set })))
  const list = (part: fc.Arbitrary<Tree>): fc.Arbitrary<Tree[]> => fc.array(part, { minLength: 1, maxLength: 3 })
  const node = (part: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> => fc.oneof(leaf, list(part).map((and): Tree => ({ and })), list(part).map((or): Tree => ({ or })))
  return node(node(leaf))
}
const anyMatrix = fc.record({
  sets: fc.integer({ min: 1, max: 3 }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => trees(index)))),
  costs: fc.dictionary(fc.constantFrom(...MODELS), fc.integer({ min: 1, max: 5 })),
  running: fc.subarray(MODELS),
  target: fc.constantFrom(...MODELS)
})
const build = (sets: Tree[], costs: Record<string, number>): Matrix => matrixOf({ evict_costs: costs, sets: Object.fromEntries(sets.map((tree, index) => [`s${index}`, dslOf(tree)])) }, new Set(MODELS))

t.test('evictions are the cheapest there are, and what stays fits a set', async () => {
  fc.assert(fc.property(anyMatrix, ({ sets, costs, running, target }) => {
    const evicted = evictions(build(sets, costs), target, running)
    const cost = (models: readonly string[]): number => models.reduce((sum, model) => sum + (costs[model] ?? 1), 0)
    if (running.includes(target)) return evicted.length === 0
    const states = sets.flatMap((tree) => expand(tree, sets)).filter((state) => state.has(target))
    if (states.length === 0) return evicted.length === running.length
    const stays = running.filter((model) => !evicted.includes(model))
    const cheapest = Math.min(...states.map((state) => cost(running.filter((model) => !state.has(model)))))
    return states.some((state) => stays.every((model) => state.has(model))) && cost(evicted) === cheapest
  }), { numRuns: 1500 })
})

t.test('coexist is what the combinations say', async () => {
  fc.assert(fc.property(anyMatrix, ({ sets, running }) => {
    const expected = running.length === 0 || sets.some((tree) => expand(tree, sets).some((state) => running.every((model) => state.has(model))))
    return coexist(build(sets, {}), running) === expected
  }), { numRuns: 1500 })
})

t.test('companions are those with which the model can be in one set', async () => {
  fc.assert(fc.property(anyMatrix, ({ sets, target }) => {
    const matrix = build(sets, {})
    const beside = companions(matrix, target)
    return MODELS.every((model) => beside.has(model) === coexist(matrix, [target, model]))
  }), { numRuns: 1500 })
})

t.test('a thousand models, far more combinations than atoms: quick, and right', async (t) => {
  const ids = Array.from({ length: 1000 }, (_, index) => `m${index}`)
  const known = new Set(ids)
  const pairs = Array.from({ length: 500 }, (_, index) => `(m${2 * index} | m${2 * index + 1})`)
  const odd = ids.filter((_, index) => index % 2 === 1)
  const timed = <T>(run: () => T): T => {
    const start = performance.now()
    const result = run()
    t.ok(performance.now() - start < 5000)
    return result
  }
  const matrix = timed(() => matrixOf({ sets: { x: pairs.join(' & ') } }, known))
  t.strictSame(timed(() => evictions(matrix, 'm0', odd)), ['m1'])
  t.strictSame(timed(() => evictions(matrix, 'm0', ids.slice(1))), odd, 'with all running, the right ones of all pairs')
  t.ok(timed(() => coexist(matrix, odd)))
  t.notOk(timed(() => coexist(matrix, ids)))

  const chosen = matrixOf({ sets: { x: Array.from({ length: 5 }, () => `(${ids.join('|')})`).join('&') } }, known)
  t.strictSame(timed(() => evictions(chosen, 'm999', ids.slice(0, 6))), ['m4', 'm5'], 'any five of a thousand')
  t.equal(timed(() => evictions(chosen, 'm999', ids.slice(0, 999))).length, 995)

  const entangled = matrixOf({ sets: { x: Array.from({ length: 500 }, (_, index) => `(m${2 * index} | m${2 * index + 1} | m${(2 * index + 2) % 1000})`).join(' & ') } }, known)
  const evicted = timed(() => evictions(entangled, 'm0', ids.slice(1)))
  t.ok(coexist(entangled, ['m0', ...ids.slice(1).filter((id) => !evicted.includes(id))]), 'beyond what can be exact, what stays still fits')
  t.ok(evicted.length <= 510, `${evicted.length}`)

  const many = matrixOf({ sets: Object.fromEntries(ids.map((id, index) => [`s${index}`, `${id} & m${(index + 1) % 1000}`])) }, known)
  t.strictSame(timed(() => evictions(many, 'm5', ['m4', 'm6', 'm900'])), ['m6', 'm900'])
  t.strictSame(timed(() => companions(many, 'm5')), new Set(['m5', 'm4', 'm6']))

  const referring = matrixOf({ sets: { base: ids.join(' | '), ...Object.fromEntries(ids.map((id, index) => [`s${index}`, `+base & ${id}`])) } }, known)
  t.strictSame(timed(() => evictions(referring, 'm5', ['m4', 'm6'])), ['m6'])
  t.equal(timed(() => companions(referring, 'm5')).size, 1000)
})

t.test('hostile: references that double, chain and nest', async (t) => {
  const doubling = matrixOf({ sets: Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`s${index}`, index === 0 ? 'a | b | c' : `+s${index - 1} & +s${index - 1} | +s${index - 1}`])) })
  const start = performance.now()
  t.strictSame(evictions(doubling, 'a', ['b', 'c']), [])
  t.strictSame(companions(doubling, 'a'), new Set(['a', 'b', 'c']))
  const chain = (index: number): string => index === 4999 ? 'a' : `+s${index + 1}`
  const long = lines(resolve({ sets: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`s${index}`, chain(index)])) }))
  t.match(long[0], /^matrix\.sets\.s\d+: sets and parentheses are nested too deeply: 200 levels at most$/)
  const back = lines(resolve({ sets: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`s${index}`, index === 0 ? 'a' : `+s${index - 1}`])) }))
  t.strictSame(back, ['matrix.sets.s200: sets and parentheses are nested too deeply: 200 levels at most'])
  t.ok(performance.now() - start < 5000)
})
