import t from 'tap'
import { createBus } from '../lib/events.ts'
import type { LogEvent } from '../index.ts'

const log = (line: string): LogEvent => ({ model: 'a', stream: 'stdout', time: 0, line })
const fail = (error: unknown): never => { throw error }

t.test('each listener hears its events, in order, until it unsubscribes', async (t) => {
  const bus = createBus(fail)
  const heard: string[] = []
  const ends = ['first', 'second'].map((name) => bus.on('log', ({ line }) => heard.push(`${name} ${line}`)))
  bus.on('swap', () => heard.push('swap'))
  bus.emit('log', log('1'))
  ends[0]!()
  ends[0]!()
  bus.emit('log', log('2'))
  ends[1]!()
  bus.emit('log', log('3'))
  t.strictSame(heard, ['first 1', 'second 1', 'second 2'])
})

t.test('a listener that throws disturbs neither the others nor the emitter, and is reported', async (t) => {
  const reported: Array<[unknown, string]> = []
  const bus = createBus((error, event) => reported.push([error, event]))
  const heard: string[] = []
  const error = new Error('mine')
  bus.on('log', ({ line }) => heard.push(`before ${line}`))
  bus.on('log', () => { throw error })
  bus.on('log', () => fail('no error at all'))
  bus.on('log', ({ line }) => heard.push(`after ${line}`))
  bus.emit('log', log('1'))
  bus.emit('log', log('2'))
  t.strictSame(heard, ['before 1', 'after 1', 'before 2', 'after 2'])
  t.strictSame(reported, [[error, 'log'], ['no error at all', 'log'], [error, 'log'], ['no error at all', 'log']])
})

t.test('a listener may unsubscribe itself and others while it is called', async (t) => {
  const bus = createBus(fail)
  const heard: string[] = []
  const endFirst = bus.on('log', () => {
    heard.push('first')
    endFirst()
    endSecond()
  })
  const endSecond = bus.on('log', () => heard.push('second'))
  bus.on('log', () => heard.push('third'))
  bus.emit('log', log('1'))
  bus.emit('log', log('2'))
  t.strictSame(heard, ['first', 'third', 'third'])
})

t.test('a listener may emit: the inner event is heard within the outer', async (t) => {
  const bus = createBus(fail)
  const heard: string[] = []
  bus.on('log', ({ line }) => {
    heard.push(line)
    if (line === 'outer') bus.emit('log', log('inner'))
  })
  bus.on('log', ({ line }) => heard.push(`${line} again`))
  bus.emit('log', log('outer'))
  t.strictSame(heard, ['outer', 'inner', 'inner again', 'outer again'])
})

t.test('buses know nothing of each other', async (t) => {
  const [one, other] = [createBus(fail), createBus(fail)]
  let heard = 0
  one.on('log', () => heard++)
  other.emit('log', log('1'))
  t.equal(heard, 0)
})
