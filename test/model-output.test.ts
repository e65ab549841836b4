import fc from 'fast-check'
import t from 'tap'
import { OutputRing } from '../lib/model/output.ts'

const BOUND = 100 * 1024

function ringOf (lines: Iterable<string>): OutputRing {
  const ring = new OutputRing()
  for (const line of lines) ring.push({ stream: 'stdout', time: 0, line })
  return ring
}

t.test('the newest lines, oldest first', async (t) => {
  const ring = ringOf(['a', 'b', 'c'])
  t.strictSame(ring.last(2), ['b', 'c'])
  t.strictSame(ring.last(3), ['a', 'b', 'c'])
  t.strictSame(ring.last(20), ['a', 'b', 'c'])
  t.strictSame(ring.last(0), [])
  t.strictSame(new OutputRing().last(20), [])
})

t.test('no more than 100 KiB are kept, and as much of that as there is', async (t) => {
  const lines = Array.from({ length: 5000 }, (_, index) => `${index} `.padEnd(99, 'x'))
  t.strictSame(ringOf(lines).last(Infinity), lines.slice(-1024), 'with their line ends')
})

t.test('empty lines do not add up without bound', async (t) => {
  const ring = ringOf(Array.from({ length: 300_000 }, () => ''))
  t.equal(ring.last(Infinity).length, BOUND)
})

t.test('a line over the bound is not kept, and pushes out the rest', async (t) => {
  const ring = ringOf(['a', 'x'.repeat(BOUND)])
  t.strictSame(ring.last(20), [])
  ring.push({ stream: 'stderr', time: 0, line: 'b' })
  t.strictSame(ring.last(20), ['b'])
})

t.test('any lines: the longest run of the newest that fits', async (t) => {
  const line = fc.tuple(fc.constantFrom('x', 'é'), fc.oneof(fc.nat(5), fc.nat(40_000))).map(([char, length]) => char.repeat(length))
  fc.assert(fc.property(fc.array(line, { maxLength: 200, size: 'max' }), (lines) => {
    let size = 0
    const kept = [...lines].reverse().findIndex((line) => (size += line.length + 1) > BOUND)
    const expected = kept === -1 ? lines : lines.slice(lines.length - kept)
    t.strictSame(ringOf(lines).last(Infinity).map(({ length }) => length), expected.map(({ length }) => length))
  }), { numRuns: 50 })
})
