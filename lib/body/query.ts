import { isUtf8 } from 'node:buffer'
import { PairScanner } from './pairs.ts'
import type { ScanResult } from './scanner.ts'

/** The model that a query names in `model`; with or without its `?`. */
export function modelInQuery (query: string): ScanResult {
  return scan(query).scanner.result()
}

/** The query with `model` in the place of the one found, wherever that is named. All else stays as it is. */
export function rewriteQuery (query: string, model: string): string {
  const { mark, bytes, encoding, scanner } = scan(query)
  // The last pair is only looked at when there is no more to come.
  scanner.result()
  return mark + scanner.rewrite(bytes, model).toString(encoding)
}

function scan (query: string): { mark: string, bytes: Buffer, encoding: 'latin1' | 'utf8', scanner: PairScanner } {
  const mark = query.startsWith('?') ? '?' : ''
  const pairs = query.slice(mark.length)
  const encoding = isBytes(pairs) ? 'latin1' : 'utf8'
  const bytes = Buffer.from(pairs, encoding)
  const scanner = new PairScanner()
  scanner.scan(bytes, bytes.length)
  return { mark, bytes, encoding, scanner }
}

// Node gives a request's URL as one character a byte; a string from elsewhere may hold letters.
function isBytes (text: string): boolean {
  return /^[\0-\xff]*$/.test(text) && isUtf8(Buffer.from(text, 'latin1'))
}
