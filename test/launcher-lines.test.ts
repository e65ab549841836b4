import fc from 'fast-check'
import t from 'tap'
import { lineSplitter } from '../lib/launcher/local/lines.ts'

const MAX_LINE = 16 * 1024

/** The lines of a byte stream that comes in these chunks. */
function split (...chunks: Array<string | Buffer | Uint8Array>): string[] {
  const lines: string[] = []
  const splitter = lineSplitter((line) => lines.push(line))
  for (const chunk of chunks) splitter.write(Buffer.from(chunk as Buffer))
  splitter.end()
  return lines
}

/** The chunks between random cuts. */
function chunksOf (bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => bytes.length === 0 ? 0 : cut % bytes.length).sort((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1]!, end))
}

const table: Array<[what: string, chunks: string[], lines: string[]]> = [
  ['lines end with LF', ['a\nb\n'], ['a', 'b']],
  ['lines end with CRLF', ['a\r\nb\r\n'], ['a', 'b']],
  ['a CRLF that comes in two chunks', ['a\r', '\nb'], ['a', 'b']],
  ['a CR within a line stays (progress bars)', ['10%\r20%\r\n', '\rx\n'], ['10%\r20%', '\rx']],
  ['only one CR is part of the end', ['a\r\r\n'], ['a\r']],
  ['empty lines are lines', ['\n\r\n\na\n\n'], ['', '', '', 'a', '']],
  ['the end without a line end', ['a\nb'], ['a', 'b']],
  ['a CR at the end', ['a\r'], ['a\r']],
  ['a line in many chunks', ['a', 'b', 'c', '\n', 'd'], ['abc', 'd']],
  ['nothing', [], []],
  ['empty chunks', ['', 'a', '', '\n', ''], ['a']]
]

for (const [what, chunks, lines] of table) t.test(what, async (t) => t.strictSame(split(...chunks), lines))

t.test('no character is cut across chunks', async (t) => {
  const text = 'é 模型 😀 é\u0301 \u{10ffff}'
  const bytes = Buffer.from(text)
  for (let cut = 0; cut <= bytes.length; cut++) t.strictSame(split(bytes.subarray(0, cut), bytes.subarray(cut)), [text])
  t.strictSame(split(...[...bytes].map((byte) => Buffer.from([byte]))), [text])
})

t.test('bytes that are no UTF-8 do no harm', async (t) => {
  t.strictSame(split(Buffer.from([0x61, 0xff, 0x0a, 0xc3])), ['a\ufffd', '\ufffd'])
})

t.test('each line is passed on at once, not when the next comes', async (t) => {
  const lines: string[] = []
  const splitter = lineSplitter((line) => lines.push(line))
  splitter.write(Buffer.from('a\nb'))
  t.strictSame(lines, ['a'])
  splitter.write(Buffer.from('\n'))
  t.strictSame(lines, ['a', 'b'])
  splitter.end()
  splitter.end()
  t.strictSame(lines, ['a', 'b'])
})

t.test('a long line is cut into pieces, while it comes', async (t) => {
  const lines: string[] = []
  const splitter = lineSplitter((line) => lines.push(line))
  for (let i = 0; i < 5; i++) splitter.write(Buffer.alloc(10_000, 'x'))
  t.strictSame(lines.map(({ length }) => length), [MAX_LINE, MAX_LINE, MAX_LINE], 'no more than a piece is held back')
  splitter.write(Buffer.from('\n'))
  t.strictSame(lines.map(({ length }) => length), [MAX_LINE, MAX_LINE, MAX_LINE, 50_000 - 3 * MAX_LINE])
})

t.test('a long line in one chunk is cut like one in many', async (t) => {
  for (const length of [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, MAX_LINE + 2, 2 * MAX_LINE, 2 * MAX_LINE + 1, 5 * MAX_LINE + 7]) {
    for (const end of ['\n', '\r\n', '']) {
      const text = 'x'.repeat(length) + end + 'next'
      const whole = split(text)
      t.equal(whole.join(''), 'x'.repeat(length) + 'next')
      t.ok(whole.every((line) => line !== '' && line.length <= MAX_LINE))
      for (const cut of [1, MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, length - 1, length, length + 1]) {
        t.strictSame(split(text.slice(0, cut), text.slice(cut)), whole, `${length}, cut at ${cut}`)
      }
    }
  }
})

t.test('a long line is not cut within a character', async (t) => {
  for (const before of ['', 'x']) {
    const text = before + '😀'.repeat(20_000)
    const pieces = split(text)
    t.equal(pieces.join(''), text)
    for (const piece of pieces) t.equal(Buffer.from(piece).toString(), piece, 'no half of a pair')
  }
})

t.test('any text in any chunks: the same lines as all at once', async (t) => {
  const part = fc.oneof(
    fc.constantFrom('\n', '\r\n', '\r', '😀', 'é', '模'), fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.tuple(fc.constantFrom('x', '😀', 'é'), fc.integer({ min: MAX_LINE / 2 - 3, max: MAX_LINE + 3 })).map(([unit, count]) => unit.repeat(count))
  )
  const text = fc.array(part, { maxLength: 15 }).map((parts) => parts.join(''))
  fc.assert(fc.property(text, fc.array(fc.nat(1_000_000), { maxLength: 10 }), (text, cuts) => {
    const lines = split(...chunksOf(Buffer.from(text), cuts))
    t.strictSame(lines, split(text))
    // As far as no line is too long: simply what stands between the line ends.
    const expected = text.split('\n').map((line, index, all) => index < all.length - 1 ? line.replace(/\r$/, '') : line)
    if (expected.at(-1) === '') expected.pop()
    if (expected.every(({ length }) => length <= MAX_LINE)) t.strictSame(lines, expected)
    t.equal(lines.join(''), expected.join(''))
    t.ok(lines.every(({ length }) => length <= MAX_LINE))
  }), { numRuns: 300 })
})

t.test('any bytes in any chunks: the same lines as all at once', async (t) => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  fc.assert(fc.property(bytes, fc.array(fc.nat(1_000_000), { maxLength: 10 }), (bytes, cuts) => {
    t.strictSame(split(...chunksOf(Buffer.from(bytes), cuts)), split(bytes))
  }))
})
