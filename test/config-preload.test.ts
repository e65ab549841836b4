import t from 'tap'
import { resolvePeers } from '../lib/config/naming/peers.ts'
import { resolvePreload } from '../lib/config/naming/preload.ts'
import { lines, localNames } from './helper/resolution.ts'

const names = localNames(['a', 'b'], { al: 'a' })
const peers = resolvePeers({ p: { proxy: 'http://h', models: ['m', 'a'] } }, { names }).value
const at = 'hooks.on_startup.preload'

for (const [condition, preload, models, warnings = []] of [
  ['nothing', undefined, []],
  ['an empty list', [], []],
  ['models, in the order given', ['b', 'a'], ['b', 'a']],
  ['space around names', [' a\n', '\tb '], ['a', 'b']],
  ['aliases, for their models', ['al'], ['a']],
  ['a model twice, once', ['al', 'b', 'a'], ['a', 'b']],
  ['a local model that a peer has too', ['a'], ['a']],
  ['unknown models, with a warning', ['zz', 'a', 'constructor'], ['a'], [`${at}.0: unknown model "zz", not preloaded`, `${at}.2: unknown model "constructor", not preloaded`]],
  ['peers\' models, with a warning', ['m', 'p/a'], [], [`${at}.0: "m" is a peer's model, not preloaded`, `${at}.1: "p/a" is a peer's model, not preloaded`]],
  ['empty names, with a warning', ['', '  '], [], [`${at}.0: empty, not preloaded`, `${at}.1: empty, not preloaded`]]
] satisfies Array<[string, string[] | undefined, string[], string[]?]>) {
  t.test(`preload: ${condition}`, async (t) => {
    const resolution = resolvePreload(preload, { names, peers })
    t.strictSame(resolution.value, models)
    t.strictSame(lines(resolution, 'warnings'), warnings)
    t.strictSame(resolution.problems, [])
    t.ok(Object.isFrozen(resolution.value))
  })
}
