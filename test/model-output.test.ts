import fc from 'fast-check'
import t from 'tap'
import type { OutputLine } from '../types/launcher.ts'
import { OutputRing } from '../lib/model/output.ts'

const BOUND = 100 * 1024

function ringOf (lines: Iterable<string>): OutputRing<OutputLine> {
  const ring = new OutputRing<OutputLine>()
  for (const line of lines) ring.push({ stream: 'stdout', time: 0, line })
  return ring
}

// All or the newest, as texts.
function texts (ring: OutputRing<OutputLine>, count = Infinity): string[] {
  return ring.last(count).map(({ line }) => line)
}

t.test('the newest lines, oldest first', async (t) => {
  const ring = ringOf(['a', 'b', 'c'])
  t.strictSame(texts(ring, 2), ['b', 'c'])
  t.strictSame(texts(ring, 3), ['a', 'b', 'c'])
  t.strictSame(texts(ring, 20), ['a', 'b', 'c'])
  t.strictSame(texts(ring, 0), [])
  t.strictSame(new OutputRing().last(20), [])
})

t.test('no more than 100 KiB are kept, and as much of that as there is', async (t) => {
  const lines = Array.from({ length: 5000 }, (_, index) => `${index} `.padEnd(99, 'x'))
  t.strictSame(texts(ringOf(lines)), lines.slice(-1024), 'with their line ends')
})

t.test('empty lines do not add up without bound', async (t) => {
  const ring = ringOf(Array.from({ length: 300_000 }, () => ''))
  t.equal(ring.last(Infinity).length, BOUND)
})

t.test('a line over the bound is not kept, and pushes out the rest', async (t) => {
  const ring = ringOf(['a', 'x'.repeat(BOUND)])
  t.strictSame(texts(ring, 20), [])
  ring.push({ stream: 'stderr', time: 0, line: 'b' })
  t.strictSame(texts(ring, 20), ['b'])
})

t.test('what is pushed out is counted; lines are taken oldest first', async (t) => {
  const ring = new OutputRing<{ line: string }>()
  for (const line of ['a', 'b', 'c']) t.equal(ring.push({ line }), 0)
  t.strictSame(ring.shift(), { line: 'a' })
  t.equal(ring.push({ line: 'x'.repeat(BOUND - 2) }), 2)
  t.equal(ring.shift()!.line.length, BOUND - 2)
  t.equal(ring.shift(), undefined)
  t.equal(ring.push({ line: 'd' }), 0)
  t.strictSame(ring.last(20), [{ line: 'd' }])
})

t.test('any lines: the longest run of the newest that fits', async (t) => {
  const line = fc.tuple(fc.constantFrom('x', 'é'), fc.oneof(fc.nat(5), fc.nat(40_000))).map(([char, length]) => char.repeat(length))
  fc.assert(fc.property(fc.array(line, { maxLength: 200, size: 'max' }), (lines) => {
    let size = 0
    const kept = [...lines].reverse().findIndex((line) => (size += line.length + 1) > BOUND)
    const expected = kept === -1 ? lines : lines.slice(lines.length - kept)
    t.strictSame(texts(ringOf(lines)).map(({ length }) => length), expected.map(({ length }) => length))
  }), { numRuns: 50 })
})
