import type { BodyScanner } from '../../lib/body/scanner.ts'

/** Scans as the intake does: a buffer that fills up, moved to a larger one now and then, with rubbish behind what has come. */
export function feed (scanner: BodyScanner, input: string | Buffer, cuts: readonly number[], rubbish: string): void {
  const source = Buffer.from(input)
  const ends = [...cuts.map((cut) => source.length === 0 ? 0 : cut % source.length).sort((a, b) => a - b), source.length]
  for (const end of ends) scanner.scan(Buffer.concat([source.subarray(0, end), Buffer.alloc(source.length - end + 16, rubbish)]), end)
}

/** Scans a large body in pieces of 64 KiB, or others, without copying it. */
export function feedLarge (scanner: BodyScanner, bytes: Buffer, piece = 64 * 1024): void {
  for (let end = piece; end < bytes.length; end += piece) scanner.scan(bytes, end)
  scanner.scan(bytes, bytes.length)
}

/** Every way to cut it into two, byte by byte, and whole. */
export function everyCut (input: string | Buffer): number[][] {
  const { length } = Buffer.from(input)
  const all = Array.from({ length }, (_, cut) => cut)
  return [[], ...all.map((cut) => [cut]), all]
}

/** How many bytes Buffers were searched for something meanwhile. */
export function countSearched (act: () => void): number {
  const prototype = Buffer.prototype as { indexOf: (value: string | number | Uint8Array, from?: number) => number }
  const { indexOf } = prototype
  let searched = 0
  prototype.indexOf = function (value, from = 0) {
    const at = indexOf.call(this, value, from)
    searched += (at === -1 ? (this as unknown as Buffer).length : at + 1) - from
    return at
  }
  try {
    act()
  } finally {
    prototype.indexOf = indexOf
  }
  return searched
}

/** Milliseconds that this process computed meanwhile, however busy the machine is. */
export function computed (act: () => void): number {
  const before = process.cpuUsage()
  act()
  return process.cpuUsage(before).user / 1000
}
