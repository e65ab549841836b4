import t from 'tap'
import { Scheduler } from '../lib/scheduler/scheduler.ts'
import { about, brief, optionsFor, request } from './helper/scheduler-world.ts'
import type { Setting } from './helper/scheduler-world.ts'

/** A scheduler that is told what happens in seconds, and says what it does; `wakeAt` aside. */
function create (setting: Setting = {}): (second: number, event: Parameters<Scheduler['handle']>[0]) => string[] {
  const scheduler = new Scheduler(optionsFor(setting))
  return (second, event) => brief(scheduler.handle(event, second * 1000)).filter((effect) => !effect.startsWith('wakeAt'))
}
const released = (ticket: number) => ({ type: 'released', ticket }) as const
const tick = { type: 'tick' } as const

t.test('once a waiter has waited maxWait, new requests for the model that holds its room queue behind it', async (t) => {
  const at = create()
  at(0, request(1, 'a'))
  at(1, about('ready', 'a'))
  t.strictSame(at(2, request(2, 'b')), [])
  t.strictSame(at(11, request(3, 'a')), ['grant 3'], 'not yet')
  t.strictSame(at(12, tick), [])
  t.strictSame(at(12.1, request(4, 'a')), [], 'from now on')
  t.strictSame(at(13, released(1)), [])
  t.strictSame(at(14, released(3)), ['stop a'])
  t.strictSame(at(15, about('stopped', 'a')), ['start b'])
  t.strictSame(at(16, about('ready', 'b')), ['grant 2'])
  t.strictSame(at(17, released(2)), ['stop b'], 'and then it is the turn of those who waited behind it')
})

t.test('a busy model and a rare one: nobody starves (A, A, A ... and one B)', async (t) => {
  const at = create()
  at(0, request(0, 'a'))
  at(1, about('ready', 'a'))
  let ticket = 1
  let servedAt: number | undefined
  at(1.5, request(100_000, 'b'))
  // A request each half second, each of which takes two: A is never idle.
  const running = new Map<number, number>([[0, 3]])
  for (let second = 2; second < 60 && servedAt === undefined; second += 0.5) {
    const effects = at(second, request(ticket++, 'a'))
    for (const [id, end] of running) {
      if (end > second) continue
      running.delete(id)
      effects.push(...at(second, released(id)))
    }
    for (const effect of effects) if (effect.startsWith('grant')) running.set(Number(effect.slice(6)), second + 2)
    if (effects.includes('stop a')) at(second, about('stopped', 'a'))
    if (at(second, tick).includes('start b')) t.fail('a tick starts nothing here')
    if (effects.includes('stop a')) servedAt = second
  }
  t.ok(servedAt !== undefined && servedAt <= 1.5 + 10 + 2 + 0.5, `its turn comes after ${servedAt} s: maxWait, and what was running`)
})

t.test('a model just loaded keeps its place against those who already waited, for as long as its load took', async (t) => {
  const at = create()
  at(0, request(1, 'a'))
  at(0, request(2, 'b'))
  t.strictSame(at(4, about('ready', 'a')), ['grant 1'])
  t.strictSame(at(5, released(1)), [], 'b waits on')
  t.strictSame(at(7, request(3, 'a')), ['grant 3'], 'the next one for a finds it there')
  t.strictSame(at(7.5, released(3)), [])
  t.strictSame(at(8, tick), ['stop a'], 'four seconds for a load of four')
})

t.test('who comes later and finds a model idle need not wait: a swap is begun at once', async (t) => {
  const at = create()
  at(0, request(1, 'a'))
  at(20, about('ready', 'a'))
  at(21, released(1))
  t.strictSame(at(22, request(2, 'b')), ['stop a'])
})

t.test('two clients that take turns without a pause do not make the machine only load', async (t) => {
  // Each asks again as soon as it is answered; loads take 2 s, answers 0.1 s.
  const at = create()
  let ticket = 2
  let loads = 1
  let answers = 0
  at(0, request(0, 'a'))
  at(0, request(1, 'b'))
  const pending: Array<[second: number, what: string]> = [[2, 'ready a']]
  const owner = new Map([[0, 'a'], [1, 'b']])
  for (let second = 0; second < 100;) {
    pending.sort(([x], [y]) => x - y)
    const next = pending[0] !== undefined && pending[0][0] <= second + 0.05 ? pending.shift()! : undefined
    second = next?.[0] ?? second + 0.05
    const [verb, name] = next?.[1].split(' ') ?? ['tick']
    const effects = verb === 'tick' ? at(second, tick) : verb === 'release' ? at(second, released(Number(name))) : at(second, about(verb as 'ready', name!))
    if (verb === 'release') {
      owner.set(ticket, owner.get(Number(name))!)
      effects.push(...at(second, request(ticket++, owner.get(Number(name))!)))
    }
    for (const effect of effects) {
      const [what, of] = effect.split(' ')
      if (what === 'grant') answers++
      if (what === 'start') loads++
      pending.push(what === 'grant' ? [second + 0.1, `release ${of}`] : what === 'start' ? [second + 2, `ready ${of}`] : [second, `stopped ${of}`])
    }
  }
  t.ok(loads <= 26, `${loads} loads in 100 s: half of the time at most`)
  t.ok(answers > 300, `${answers} answers`)
})

t.test('a point of priority is worth maxWait of waiting', async (t) => {
  const order = (arrivals: Array<[second: number, model: string, priority: number]>): string[] => {
    const at = create()
    at(0, request(0, 'e'))
    for (const [index, [second, model, priority]] of arrivals.entries()) at(second, request(index + 1, model, { priority }))
    at(30, about('ready', 'e'))
    const served = []
    let stopping = [...at(31, released(0)), ...at(60, tick)]
    for (let second = 61; stopping.length > 0; second += 100) {
      const [start] = at(second, about('stopped', stopping[0]!.slice(5)))
      const model = start!.slice(6)
      served.push(model)
      const grants = at(second, about('ready', model))
      stopping = grants.flatMap((grant) => at(second, released(Number(grant.slice(6))))).filter((effect) => effect.startsWith('stop'))
    }
    return served
  }
  t.strictSame(order([[1, 'a', 0], [2, 'b', 0], [3, 'c', 0]]), ['a', 'b', 'c'])
  t.strictSame(order([[1, 'a', 0], [2, 'b', 0], [3, 'c', 1]]), ['c', 'a', 'b'])
  t.strictSame(order([[1, 'a', 0], [2, 'b', 0], [12.5, 'c', 1]]), ['a', 'b', 'c'], 'the others have waited longer than that')
  t.strictSame(order([[1, 'a', -1], [2, 'b', 0], [3, 'c', 0]]), ['b', 'c', 'a'])
})

t.test('the priority of a model is added to that of each request', async (t) => {
  const at = create({ routing: { routing: { scheduler: { settings: { fifo: { priority: { c: 2 } } } } } } })
  at(0, request(1, 'a'))
  at(1, request(2, 'b'))
  at(2, request(3, 'c'))
  at(3, about('ready', 'a'))
  at(3, released(1))
  at(6, tick)
  t.strictSame(at(7, about('stopped', 'a')), ['start c'])
})

t.test('what a waiter that has waited too long needs is closed to those after it, whatever they want', async (t) => {
  // c runs beside a; b needs both gone.
  const at = create({ routing: { matrix: { sets: { one: 'a & c', two: 'b' } } } })
  at(0, request(1, 'a'))
  at(0, about('ready', 'a'))
  t.strictSame(at(1, request(2, 'b')), [])
  t.strictSame(at(2, request(3, 'c')), ['start c'], 'it harms nobody yet')
  at(2, about('ready', 'c'))
  at(3, released(3))
  t.strictSame(at(11, tick), [])
  t.strictSame(at(11.5, request(4, 'c')), [], 'closed')
  t.strictSame(at(11.5, request(5, 'a')), [], 'closed')
  t.strictSame(at(12, released(1)).sort(), ['stop a', 'stop c'])
  at(12, about('stopped', 'c'))
  t.strictSame(at(12, about('stopped', 'a')), ['start b'])
})

t.test('a waiter that has waited too long closes the way also while another one\'s turn comes first', async (t) => {
  // c waits behind b; d would run beside a and b, but not beside c.
  const at = create({ routing: { matrix: { sets: { one: 'a & d', two: 'b & d', three: 'c' } } } })
  at(0, request(1, 'a'))
  at(0, about('ready', 'a'))
  t.strictSame(at(1, request(2, 'b')), [])
  t.strictSame(at(2, request(3, 'c')), [])
  t.strictSame(at(13, request(4, 'd')), [], 'c would have to wait for it')
  t.strictSame(at(14, released(1)), ['stop a'])
  t.strictSame(at(15, about('stopped', 'a')), ['start b'])
})

t.test('all who waited for a load share it, also those who came after a waiter that has waited too long', async (t) => {
  const at = create()
  at(0, request(1, 'a'))
  t.strictSame(at(1, request(2, 'b')), [])
  t.strictSame(at(12, request(3, 'a')), [], 'b has waited for 11 s')
  t.strictSame(at(20, about('ready', 'a')), ['grant 1', 'grant 3'])
  t.strictSame(at(20, request(4, 'a')), ['grant 4'], 'its time begins')
  t.strictSame(at(31, request(5, 'a')), [], 'and then it is the turn of b')
})

t.test('two models that are asked for at the same time: each load serves its waiter, however long it takes', async (t) => {
  const at = create()
  t.strictSame(at(0, request(1, 'a')), ['start a'])
  at(0, request(2, 'b'))
  t.strictSame(at(20, about('ready', 'a')), ['grant 1'])
  at(21, released(1))
  t.strictSame(at(30, tick), ['stop a'])
  t.strictSame(at(31, about('stopped', 'a')), ['start b'])
  at(31, request(3, 'a'))
  t.strictSame(at(60, about('ready', 'b')), ['grant 2'])
})

t.test('a load that nobody waits for any more stays, unless its room is wanted', async (t) => {
  const at = create()
  at(0, request(1, 'a'))
  t.strictSame(at(1, { type: 'cancel', ticket: 1 }), [], 'it goes on')
  t.strictSame(at(2, request(2, 'b')), ['stop a'])
})
