// What the scheduler keeps in bits to save itself looks is what the policies decide.
import fc from 'fast-check'
import t from 'tap'
import { hasBit } from '../lib/scheduler/bits.ts'
import type { Policy } from '../lib/scheduler/policy.ts'
import type { GroupInput, MatrixInput } from '../index.ts'
import { optionsFor } from './helper/scheduler-world.ts'

/** More than one word has bits. */
const MODELS = Array.from({ length: 70 }, (_, index) => `m${index}`)
const model = fc.constantFrom(...MODELS)

const groups = fc.tuple(
  fc.array(fc.record({ swap: fc.boolean(), exclusive: fc.boolean(), persistent: fc.boolean() }), { minLength: 1, maxLength: 70, size: 'max' }),
  fc.array(fc.nat(80), { minLength: MODELS.length, maxLength: MODELS.length })
).map(([groups, chosen]): Record<string, GroupInput> => Object.fromEntries(groups.map((group, number) => (
  [`g${number}`, { ...group, members: MODELS.filter((_, index) => chosen[index] === number) }]
))))

const list = (separator: string, item: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> => fc.array(item, { minLength: 1, maxLength }).map((items) => `(${items.join(separator)})`)
const part = fc.oneof(model, list(' | ', model, 30))
const matrix = fc.record({
  sets: fc.array(fc.oneof(list(' & ', part, 4), list(' | ', list(' & ', model, 3), 10)), { minLength: 1, maxLength: 5 }).map((sets) => Object.fromEntries(sets.map((set, index) => [`s${index}`, index > 0 && set.length % 3 === 0 ? `${set} & +s${index - 1}` : set])))
}) satisfies fc.Arbitrary<MatrixInput>

const policy = fc.oneof(groups.map((groups) => ({ groups })), matrix.map((matrix) => ({ matrix }))).map((routing): Policy => optionsFor({ models: MODELS, routing }).policy)
/** Also of a model that a reload has removed, whose server still runs. */
const anybody = fc.constantFrom(...MODELS, 'removed')
const evicts = (policy: Policy, target: string, ...residents: string[]): string[] => policy.evictions(target, residents.map((model) => ({ model }))).map(({ model }) => model)

t.test('a kind evicts another if a model of it, alone, must go', async (t) => {
  fc.assert(fc.property(policy, model, anybody, (policy, target, other) => {
    fc.pre(target !== other)
    const expected = evicts(policy, target, other).length > 0
    const [own, others] = [policy.kind(target), policy.kind(other)]
    t.ok(own.index < policy.kinds && others.index < policy.kinds)
    t.equal(hasBit(own.evicts(), others.index), expected)
    t.equal(hasBit(others.evictedBy(), own.index), expected)
  }), { numRuns: 2000 })
})

t.test('of several residents, those must go that would have to go if they were alone; others only if it is not pairwise, and if they are several', async (t) => {
  fc.assert(fc.property(policy, model, fc.uniqueArray(anybody, { maxLength: 8 }), (policy, target, residents) => {
    fc.pre(!residents.includes(target))
    const all = evicts(policy, target, ...residents)
    const alone = residents.filter((resident) => evicts(policy, target, resident).length > 0)
    if (policy.isPairwise || residents.length - alone.length < 2) t.strictSame(all, alone)
    t.strictSame(alone.filter((resident) => !all.includes(resident)), [])
    t.strictSame(all, residents.filter((resident) => all.includes(resident)), 'in the order of the residents')
  }), { numRuns: 1000 })
})

t.test('models of one class need the same others gone', async (t) => {
  const pair = groups.chain((groups) => {
    const { policy } = optionsFor({ models: MODELS, routing: { groups } })
    return fc.record({ policy: fc.constant(policy), one: model, residents: fc.uniqueArray(anybody, { maxLength: 8 }) })
  })
  fc.assert(fc.property(pair, ({ policy, one, residents }) => {
    const others = residents.filter((resident) => resident !== one)
    for (const same of MODELS.filter((other) => policy.kind(other) === policy.kind(one) && !residents.includes(other))) {
      t.strictSame(evicts(policy, same, ...others), evicts(policy, one, ...others))
    }
  }), { numRuns: 300 })
})

t.test('in a matrix each model is a class of its own, also those in no set, of which each runs alone', async (t) => {
  const { policy } = optionsFor({ models: MODELS, routing: { matrix: { sets: { x: 'm0 & m1' } } } })
  t.not(policy.kind('m2'), policy.kind('m3'))
  t.equal(policy.kind('m2'), policy.kind('m2'))
  t.strictSame(evicts(policy, 'm2', 'm0', 'm3'), ['m0', 'm3'])
  for (const [target, other, expected] of [['m0', 'm1', false], ['m0', 'm2', true], ['m2', 'm0', true], ['m2', 'm3', true]] as const) {
    t.equal(hasBit(policy.kind(target).evicts(), policy.kind(other).index), expected, `${target} and ${other}`)
  }
})
