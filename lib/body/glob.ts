import type { Glob } from '../config/naming/param-path.ts'

/** Whether a text matches as a whole. A part is tried again from the last `any` only, so the time grows with the length of either, not faster. */
export function matchesGlob (text: string, glob: Glob): boolean {
  let at = 0
  let part = 0
  let afterAny = -1
  let retryAt = 0
  while (at < text.length) {
    const wanted = glob[part]
    if (wanted?.kind === 'any') {
      afterAny = ++part
      retryAt = at
    } else if (wanted?.kind === 'one' || (wanted?.kind === 'letter' && text.startsWith(wanted.letter, at))) {
      at += letterLength(text, at)
      part++
    } else if (afterAny !== -1) {
      retryAt += letterLength(text, retryAt)
      at = retryAt
      part = afterAny
    } else return false
  }
  return glob.slice(part).every(({ kind }) => kind === 'any')
}

function letterLength (text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1
}
