import t from 'tap'
import { resolveGroups } from '../lib/config/routing/groups.ts'
import { groupPolicy } from '../lib/scheduler/group-policy.ts'
import type { GroupInput } from '../types/routing.ts'
import { lines, localNames } from './helper/resolution.ts'

const names = localNames(['a', 'b', 'c', 'd'], { al: 'a' })
const resolve = (groups: Record<string, GroupInput>) => resolveGroups(groups, ['groups'], names)

t.test('a group with nothing but members swaps, is exclusive and not persistent', async (t) => {
  t.strictSame(resolve({ g: { members: ['b', 'a', 'd', 'c'] } }).value.groups, [{ name: 'g', swap: true, exclusive: true, persistent: false, members: ['b', 'a', 'd', 'c'] }])
})

t.test('what a group says is kept', async (t) => {
  const { value: { groups, groupOf }, problems } = resolve({ g: { swap: false, exclusive: false, persistent: true, members: ['a', 'b', 'c', 'd'] } })
  t.strictSame(problems, [])
  t.strictSame(groups, [{ name: 'g', swap: false, exclusive: false, persistent: true, members: ['a', 'b', 'c', 'd'] }])
  for (const id of names.ids) t.equal(groupOf.get(id), groups[0])
})

t.test('models in no group share (default), which swaps and is exclusive', async (t) => {
  const { value: { groups, groupOf } } = resolve({ g: { members: ['b'] } })
  t.strictSame(groups.map(({ name }) => name), ['g', '(default)'])
  t.strictSame(groups[1], { name: '(default)', swap: true, exclusive: true, persistent: false, members: ['a', 'c', 'd'] })
  t.equal(groupOf.get('d'), groups[1])
  t.strictSame(resolve({}).value.groups.map(({ members }) => members), [['a', 'b', 'c', 'd']], 'all of them, without groups')
})

t.test('a group that the operator calls (default) works as any', async (t) => {
  const { value: { groupOf }, problems } = resolve({ '(default)': { swap: false, members: ['a', 'b'] } })
  t.strictSame(problems, [])
  t.strictSame(groupOf.get('a'), { name: '(default)', swap: false, exclusive: true, persistent: false, members: ['a', 'b'] })
  t.strictSame(groupOf.get('c'), { name: '(default)', swap: true, exclusive: true, persistent: false, members: ['c', 'd'] }, 'the rest is not in it')
})

t.test('an empty group is a group', async (t) => {
  t.strictSame(lines(resolve({ g: {} })), [])
  t.strictSame(resolve({ g: {} }).value.groups[0]?.members, [])
})

t.test('an alias as a member means the model', async (t) => {
  const resolution = resolve({ g: { members: ['al', 'b'] } })
  t.strictSame(lines(resolution), [])
  t.strictSame(resolution.value.groups[0]?.members, ['a', 'b'])
  t.equal(resolution.value.groupOf.get('a')?.name, 'g')
})

for (const [condition, groups, problems] of [
  ['a member twice in one group', { g: { members: ['a', 'b', 'a'] } }, ['groups.g.members.2: duplicate member "a"']],
  ['a model in two groups', { g: { members: ['a'] }, h: { members: ['b', 'a'] } }, ['groups.h.members.1: the model "a" is in two groups: "g" and "h"']],
  ['a model in two groups, by its alias', { g: { members: ['a'] }, h: { members: ['al'] } }, ['groups.h.members.0: the model "a" is in two groups: "g" and "h"']],
  ['two groups of the name (default) are still two', { '(default)': { members: ['a'] }, h: { members: ['a'] } }, ['groups.h.members.0: the model "a" is in two groups: "(default)" and "h"']],
  ['an unknown member', { g: { members: ['a', 'zz', ''] } }, ['groups.g.members.1: unknown model "zz"', 'groups.g.members.2: unknown model ""']],
  ['a name that every object has', { g: { members: ['toString', '__proto__'] } }, ['groups.g.members.0: unknown model "toString"', 'groups.g.members.1: unknown model "__proto__"']]
] satisfies Array<[string, Record<string, GroupInput>, string[]]>) {
  t.test(`refused: ${condition}`, async (t) => {
    t.strictSame(lines(resolve(groups)), problems)
  })
}

t.test('a model and its alias in one group is once enough', async (t) => {
  const resolution = resolve({ g: { members: ['al', 'a'] } })
  t.strictSame(lines(resolution), [])
  t.strictSame(lines(resolution, 'warnings'), ['groups.g.members.1: "a" is the same model as "al", ignored'])
  t.strictSame(resolution.value.groups[0]?.members, ['a'])
})

t.test('values are frozen', async (t) => {
  const { value } = resolve({ g: { members: ['a'] } })
  for (const part of [value, value.groups, ...value.groups, ...value.groups.map(({ members }) => members)]) t.ok(Object.isFrozen(part))
})

const SWAP = { swap: true, exclusive: true, persistent: false }
for (const [condition, groups, target, running, evicted] of [
  ['the others of a group that swaps', { g: { ...SWAP, members: ['a', 'b'] } }, 'a', ['b'], ['b']],
  ['none of a group that does not swap', { g: { ...SWAP, swap: false, members: ['a', 'b', 'c'] } }, 'a', ['b', 'c'], []],
  ['all of other groups, for a target in an exclusive one', { g: { ...SWAP, members: ['a'] }, h: { ...SWAP, swap: false, members: ['b', 'c'] } }, 'a', ['c', 'b'], ['c', 'b']],
  ['none of other groups, for a target in one that is not', { g: { ...SWAP, exclusive: false, members: ['a'] }, h: { ...SWAP, members: ['b'] } }, 'a', ['b'], []],
  ['an exclusive group\'s member is not stopped by a target that is not exclusive', { g: { ...SWAP, exclusive: false, members: ['a', 'd'] }, h: { ...SWAP, members: ['b'] } }, 'a', ['b', 'd'], ['d']],
  ['none of a persistent group', { g: { ...SWAP, members: ['a'] }, h: { ...SWAP, persistent: true, members: ['b'] } }, 'a', ['b'], []],
  ['those of the own persistent group all the same', { g: { ...SWAP, persistent: true, members: ['a', 'b'] } }, 'a', ['b'], ['b']],
  ['those in no group, as one group', {}, 'a', ['b'], ['b']],
  ['never the target', { g: { ...SWAP, members: ['a', 'b'] } }, 'a', ['a', 'b'], ['b']]
] satisfies Array<[string, Record<string, GroupInput>, string, string[], string[]]>) {
  t.test(`evicted: ${condition}`, async (t) => {
    const policy = groupPolicy(resolve(groups).value)
    t.strictSame(policy.evictions(target, running.map((model) => ({ model }))), evicted.map((model) => ({ model })))
  })
}
