// What routing, peers, selectors and profiles say, told at its place in the file; test/config-{groups,matrix,peers,...}.test.ts have every rule.
import t from 'tap'
import { loadYaml, yamlProblems, yamlWarnings } from './helper/config.ts'

const models = 'models: {a: {cmd: "x ${PORT}", aliases: [al]}, b: {cmd: "x ${PORT}"}}\n'

const problems: Array<[what: string, yaml: string, problem: RegExp]> = [
  ['a router that nobody knows', 'routing: {router: {use: rooms}}', /^c\.yaml:2:20 routing\.router\.use: must be one of: group, matrix; not "rooms"$/],
  ['a scheduler that nobody knows', 'routing: {scheduler: {use: lifo}}', /^c\.yaml:2:23 routing\.scheduler\.use: must be one of: fair, fifo; not "lifo"$/],
  ['a matrix that is chosen and not there', 'routing: {router: {use: matrix}}', /^c\.yaml:2:20 routing\.router\.use: is "matrix", but routing\.router\.settings\.matrix is not set/],
  ['groups of old and new', 'groups: {g: {members: [a]}}\nrouting: {router: {use: group}}', /^c\.yaml:2:1 groups: .*routing\.router/],
  ['groups and matrix', 'groups: {g: {members: [a]}}\nmatrix: {sets: {s: a}}', /^c\.yaml:3:1 matrix: /],
  ['a model in two groups', 'groups: {g: {members: [a]}, h: {members: [b, al]}}', /^c\.yaml:2:46 groups\.h\.members\.1: the model "a" is in two groups/],
  ['a member that nobody knows', 'groups: {g: {members: [zz]}}', /^c\.yaml:2:24 groups\.g\.members\.0: unknown model "zz"/],
  ['a matrix without sets', 'matrix: {}', /^c\.yaml:2:1 matrix\.sets: must define at least one set/],
  ['an expression that is none', 'matrix: {sets: {s: "a &"}}', /^c\.yaml:2:17 matrix\.sets\.s: /],
  ['a cost of nothing', 'matrix: {sets: {s: a}, evict_costs: {a: 0}}', /^c\.yaml:2:38 matrix\.evict_costs\.a: must be a whole number, 1 or more/],
  ['a priority of nobody', 'routing: {scheduler: {settings: {fifo: {priority: {zz: 1}}}}}', /^c\.yaml:2:52 routing\.scheduler\.settings\.fifo\.priority\.zz: unknown model "zz"/],
  ['a peer without proxy', 'peers: {p: {models: [m]}}', /^c\.yaml:2:9 peers\.p\.proxy: is missing; such as/],
  ['a peer without models', 'peers: {p: {proxy: "http://x", models: []}}', /^c\.yaml:2:32 peers\.p\.models: must contain at least one entry/],
  ['a model id that is a full name', 'peers: {x: {proxy: "http://x", models: [m]}}\nselectors: {x/m: {strategy: pin, targets: [a]}}', /^c\.yaml:3:13 selectors\.x\/m: the selector name "x\/m" conflicts/],
  ['a selector without strategy', 'selectors: {s: {targets: [a]}}', /^c\.yaml:2:13 selectors\.s\.strategy: is missing/],
  ['a strategy that nobody knows', 'selectors: {s: {strategy: best, targets: [a]}}', /^c\.yaml:2:17 selectors\.s\.strategy: must be one of: warm, pin, spillover; not "best"$/],
  ['a selector without targets', 'selectors: {s: {strategy: pin, targets: []}}', /^c\.yaml:2:32 selectors\.s\.targets: must contain at least one entry/],
  ['a selector of a selector', 'selectors: {s: {strategy: pin, targets: [a]}, r: {strategy: pin, targets: [s]}}', /^c\.yaml:2:76 selectors\.r\.targets\.0: "s" is a selector/],
  ['a selector that is called as a model', 'selectors: {al: {strategy: pin, targets: [b]}}', /^c\.yaml:2:13 selectors\.al: the name conflicts with an alias of the model "a"/],
  ['a spillover of less than one', 'selectors: {s: {strategy: spillover, targets: [a], settings: {spillover: 0}}}', /^c\.yaml:2:63 selectors\.s\.settings\.spillover: must be >= 1, not 0/],
  ['a spillover over models that cannot run together', 'selectors: {s: {strategy: spillover, targets: [a, b]}}', /^c\.yaml:2:38 selectors\.s\.targets: /],
  ['a profile without pins', 'profiles: {p: {description: d}}', /^c\.yaml:2:12 profiles\.p\.pins: is missing/],
  ['a profile of no pins', 'profiles: {p: {pins: {}}}', /^c\.yaml:2:16 profiles\.p\.pins: must contain at least one entry/],
  ['a pin to nobody', 'profiles: {p: {pins: {x: zz}}}', /^c\.yaml:2:23 profiles\.p\.pins\.x: unknown model "zz"/],
  ['a profile as a list', 'profiles: {p: [a]}', /^c\.yaml:2:12 profiles\.p: a profile must be a map with description and pins; the legacy list syntax/]
]
for (const [what, yaml, problem] of problems) t.test(`refused: ${what}`, async (t) => t.match(await yamlProblems(models + yaml), [problem]))

t.test('what they mean is in the config', async (t) => {
  const { config } = await loadYaml(`${models}groups: {g: {members: [al], swap: false, persistent: yes}}
peers: {p: {proxy: 'http://x/v', apiKey: key, models: [m], timeouts: {connect: -1}}}
selectors: {s: {strategy: warm, targets: [al, b], name: ' S '}}
profiles: {p: {pins: {x: s, y: ~, z: ''}}}
routing: {scheduler: {use: fifo, settings: {fifo: {priority: {al: 5, b: ~}}}}}
`)
  t.match(config.routing.router, { kind: 'group', groups: [{ name: 'g', swap: false, persistent: true, members: ['a'] }, { name: '(default)', members: ['b'] }] })
  t.strictSame([...config.routing.scheduler.priority], [['a', 5]])
  t.match(config.peers.peers.get('p'), { proxy: 'http://x/v', apiKey: 'key', timeouts: { connect: 0, responseHeader: 60_000 } })
  t.strictSame([...config.peers.names.keys()].sort(), ['m', 'p/m'])
  t.match(config.selectors.get('s'), { strategy: 'warm', name: 'S', targets: [{ kind: 'local', model: 'a' }, { model: 'b' }] })
  t.strictSame([...config.profiles.get('p')!.pins], [['x', 's'], ['y', null], ['z', null]])
})

t.test('what has no effect beside another key is warned about', async (t) => {
  t.match(await yamlWarnings(`${models}routing: {router: {use: group, settings: {matrix: {sets: {s: a}}}}}`), [/^c\.yaml:2:43 routing\.router\.settings\.matrix: has no effect: routing\.router\.use is "group"/])
})

t.test('a file with a group that is called (default)', async (t) => {
  const { config } = await loadYaml(`${models}groups: {(default): {members: [a]}}`)
  t.match(config.routing.router, { groups: [{ name: '(default)', members: ['a'] }, { name: '(default)', members: ['b'] }] })
})
