import t from 'tap'
import { resolveRouting } from '../lib/config/routing/routing.ts'
import type { RoutingKeys } from '../lib/config/routing/routing.ts'
import { lines, localNames } from './helper/resolution.ts'

const names = localNames(['a', 'b'], { al: 'a' })
const resolve = (keys: unknown) => resolveRouting(keys as RoutingKeys, { names })
const groups = { g: { members: ['a'] } }
const matrix = { sets: { s: 'a & b' } }
const settings = 'routing.router.settings'

for (const [condition, keys, kind, warnings = []] of [
  ['nothing at all', {}, 'group'],
  ['an empty use', { routing: { router: { use: '' } } }, 'group'],
  ['groups at the top level', { groups }, 'group'],
  ['a matrix at the top level', { matrix }, 'matrix'],
  ['use: group', { routing: { router: { use: 'group', settings: { groups } } } }, 'group'],
  ['use: matrix', { routing: { router: { use: 'matrix', settings: { matrix } } } }, 'matrix'],
  ['groups without use', { routing: { router: { settings: { groups } } } }, 'group'],
  ['a matrix without use', { routing: { router: { settings: { matrix } } } }, 'group', [`${settings}.matrix: has no effect: routing.router.use is "group"`]],
  ['both, use: group', { routing: { router: { use: 'group', settings: { groups, matrix } } } }, 'group', [`${settings}.matrix: has no effect: routing.router.use is "group"`]],
  ['both, use: matrix', { routing: { router: { use: 'matrix', settings: { groups, matrix } } } }, 'matrix', [`${settings}.groups: has no effect: routing.router.use is "matrix"`]],
  ['mistakes in a matrix that is not used', { routing: { router: { use: 'group', settings: { groups, matrix: { sets: { s: 'zz' } } } } } }, 'group', [`${settings}.matrix: has no effect: routing.router.use is "group"`]],
  ['mistakes in groups that are not used', { routing: { router: { use: 'matrix', settings: { groups: { g: { members: ['zz'] } }, matrix } } } }, 'matrix', [`${settings}.groups: has no effect: routing.router.use is "matrix"`]],
  ['top-level groups and a scheduler', { groups, routing: { scheduler: { use: 'fifo' } } }, 'group'],
  ['top-level groups and an empty router', { groups, routing: { router: {} } }, 'group'],
  ['top-level groups and empty new groups', { groups, routing: { router: { settings: { groups: {} } } } }, 'group'],
  ['a top-level matrix and empty new groups', { matrix, routing: { router: { use: '', settings: { groups: {} } } } }, 'matrix'],
  ['empty top-level groups and a top-level matrix', { groups: {}, matrix }, 'matrix'],
  ['empty top-level groups and the new form', { groups: {}, routing: { router: { use: 'matrix', settings: { matrix } } } }, 'matrix'],
  ['empty keys', { groups: null, matrix: null, routing: { router: null, scheduler: null } }, 'group']
] satisfies Array<[string, unknown, string, string[]?]>) {
  t.test(`router: ${condition} -> ${kind}`, async (t) => {
    const resolution = resolve(keys)
    t.strictSame(lines(resolution), [])
    t.strictSame(lines(resolution, 'warnings'), warnings)
    t.equal(resolution.value.router.kind, kind)
  })
}

const conflict = 'the top-level keys "groups" and "matrix" do not go together with "routing.router": move what they hold into routing.router.settings'
for (const [condition, keys, problems] of [
  ['both at the top level', { groups, matrix }, ['matrix: does not go together with "groups": use one of the two']],
  ['groups and an empty matrix at the top level', { groups, matrix: {} }, ['matrix: does not go together with "groups": use one of the two']],
  ['top-level groups and use', { groups, routing: { router: { use: 'group' } } }, [`groups: ${conflict}`]],
  ['top-level groups and new groups', { groups, routing: { router: { settings: { groups } } } }, [`groups: ${conflict}`]],
  ['top-level groups and a new matrix, even empty', { groups, routing: { router: { settings: { matrix: {} } } } }, [`groups: ${conflict}`]],
  ['a top-level matrix and new groups', { matrix, routing: { router: { settings: { groups } } } }, [`matrix: ${conflict}`]],
  ['an unknown router', { routing: { router: { use: 'foo' } } }, ['routing.router.use: unknown router "foo" (valid: group, matrix)']],
  ['a router in capitals', { routing: { router: { use: 'Group' } } }, ['routing.router.use: unknown router "Group" (valid: group, matrix)']],
  ['use: matrix without a matrix', { routing: { router: { use: 'matrix', settings: { groups } } } }, ['routing.router.use: is "matrix", but routing.router.settings.matrix is not set']],
  ['use: matrix with an empty one', { routing: { router: { use: 'matrix', settings: { matrix: {} } } } }, [`${settings}.matrix.sets: must define at least one set`]],
  ['an empty matrix at the top level', { matrix: {} }, ['matrix.sets: must define at least one set']],
  ['a mistake in top-level groups', { groups: { g: { members: ['zz'] } } }, ['groups.g.members.0: unknown model "zz"']],
  ['a mistake in new groups', { routing: { router: { settings: { groups: { g: { members: ['zz'] } } } } } }, [`${settings}.groups.g.members.0: unknown model "zz"`]],
  ['a mistake in a top-level matrix', { matrix: { sets: { s: 'zz' } } }, ['matrix.sets.s: unknown var or model "zz" at position 0']],
  ['a mistake in a new matrix', { routing: { router: { use: 'matrix', settings: { matrix: { sets: { s: 'zz' } } } } } }, [`${settings}.matrix.sets.s: unknown var or model "zz" at position 0`]],
  ['several mistakes at once', { groups: { g: { members: ['zz'] } }, routing: { scheduler: { use: 'foo' } } }, ['groups.g.members.0: unknown model "zz"', 'routing.scheduler.use: unknown scheduler "foo" (valid: fair, fifo)']]
] satisfies Array<[string, unknown, string[]]>) {
  t.test(`router refused: ${condition}`, async (t) => {
    t.strictSame(lines(resolve(keys)), problems)
  })
}

const scheduler = (input: unknown) => resolve({ routing: { scheduler: input } })

t.test('scheduler: fair with its defaults, unless another is chosen', async (t) => {
  const fair = { maxWait: 10_000, minResidency: 30_000, maxQueue: 512 }
  for (const input of [undefined, null, {}, { use: '' }, { use: 'fair' }, { use: 'fair', settings: {} }, { settings: { fifo: {}, fair: {} } }]) {
    t.strictSame(scheduler(input).value.scheduler, { use: 'fair', priority: new Map(), fair }, JSON.stringify(input))
  }
  t.equal(scheduler({ use: 'fifo' }).value.scheduler.use, 'fifo')
  t.ok(Object.isFrozen(scheduler({}).value) && Object.isFrozen(scheduler({}).value.scheduler) && Object.isFrozen(scheduler({}).value.scheduler.fair))
})

t.test('scheduler: times are seconds, with fractions', async (t) => {
  const resolution = scheduler({ settings: { fair: { maxWait: 0.5, minResidency: 0, maxQueue: 1 } } })
  t.strictSame(lines(resolution), [])
  t.strictSame(resolution.value.scheduler.fair, { maxWait: 500, minResidency: 0, maxQueue: 1 })
})

t.test('scheduler: priorities by model, an alias for its model', async (t) => {
  const resolution = scheduler({ use: 'fifo', settings: { fifo: { priority: { al: 5, b: -3 } } } })
  t.strictSame(lines(resolution), [])
  t.strictSame(resolution.value.scheduler.priority, new Map([['a', 5], ['b', -3]]))
})

t.test('scheduler: a priority by id goes before one by alias', async (t) => {
  for (const priority of [{ al: 5, a: 7 }, { a: 7, al: 5 }]) {
    const resolution = scheduler({ settings: { fifo: { priority } } })
    t.strictSame(resolution.value.scheduler.priority, new Map([['a', 7]]))
    t.strictSame(lines(resolution, 'warnings'), ['routing.scheduler.settings.fifo.priority.a: the model "a" has a priority under another name too; this one counts'])
  }
})

t.test('scheduler: settings of fair beside fifo are warned about', async (t) => {
  t.strictSame(lines(scheduler({ use: 'fifo', settings: { fair: { maxWait: 5 } } }), 'warnings'), ['routing.scheduler.settings.fair: has no effect: routing.scheduler.use is "fifo"'])
})

const path = 'routing.scheduler.settings'
for (const [condition, input, problems] of [
  ['an unknown scheduler', { use: 'lifo' }, ['routing.scheduler.use: unknown scheduler "lifo" (valid: fair, fifo)']],
  ['a priority of an unknown model', { settings: { fifo: { priority: { zz: 1 } } } }, [`${path}.fifo.priority.zz: unknown model "zz"`]],
  ['a negative maxWait', { settings: { fair: { maxWait: -1 } } }, [`${path}.fair.maxWait: must be between 0 and 86400 seconds`]],
  ['a maxWait of more than a day', { settings: { fair: { maxWait: 86_401 } } }, [`${path}.fair.maxWait: must be between 0 and 86400 seconds`]],
  ['a maxWait that is no number', { settings: { fair: { maxWait: NaN } } }, [`${path}.fair.maxWait: must be between 0 and 86400 seconds`]],
  ['a negative minResidency', { settings: { fair: { minResidency: -0.1 } } }, [`${path}.fair.minResidency: must be between 0 and 86400 seconds`]],
  ['an endless minResidency', { settings: { fair: { minResidency: Infinity } } }, [`${path}.fair.minResidency: must be between 0 and 86400 seconds`]],
  ['a queue of 0', { settings: { fair: { maxQueue: 0 } } }, [`${path}.fair.maxQueue: must be a whole number, 1 or more`]],
  ['a queue of 1.5', { settings: { fair: { maxQueue: 1.5 } } }, [`${path}.fair.maxQueue: must be a whole number, 1 or more`]]
] satisfies Array<[string, unknown, string[]]>) {
  t.test(`scheduler refused: ${condition}`, async (t) => {
    t.strictSame(lines(scheduler(input)), problems)
  })
}
