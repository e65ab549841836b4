import { LineCounter, parseDocument, isMap, isNode, isPair, visit } from 'yaml'
import type { Document } from 'yaml'
import { configError } from './problem.ts'
import type { Locate } from './problem.ts'

export interface Parsed {
  readonly value: unknown
  readonly locate: Locate
}

/** YAML text to plain data that still knows where each key stood. All syntax errors are reported at once. */
export function parseYaml (text: string, file: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, uniqueKeys: true, prettyErrors: false })
  const problems = [...document.errors.map(({ pos, message }) => ({ offset: pos[0], message })), ...unknownAliases(document)]
  if (problems.length > 0) throw configError(problems.map(({ offset, message }) => `${position(file, lines, offset)}: ${message}`))
  return { value: toPlain(document, file), locate: (path) => locate(document, lines, file, path) }
}

// yaml finds these only when it makes plain data, and then tells no position.
function unknownAliases (document: Document): Array<{ offset: number, message: string }> {
  const problems: Array<{ offset: number, message: string }> = []
  visit(document, {
    Alias (_key, alias) {
      if (alias.resolve(document) === undefined) problems.push({ offset: alias.range?.[0] ?? 0, message: `unknown alias *${alias.source}: no &${alias.source} stands before it` })
    }
  })
  return problems
}

function toPlain (document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 }) ?? {}
  } catch (error) {
    // A bomb of aliases, or `<<` with something other than a map.
    throw configError([`${file}: ${(error as Error).message}`])
  }
}

// The key's own position where the key exists, else that of the nearest parent.
function locate (document: Document, lines: LineCounter, file: string, path: Parameters<Locate>[0]): string {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true) ?? document.contents
    const key = path[length - 1]
    const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && String(item.key) === String(key)) : undefined
    const node = pair === undefined ? document.getIn(path.slice(0, length), true) : pair.key
    if (isNode(node) && node.range != null) return position(file, lines, node.range[0])
  }
  return file
}

function position (file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${file}:${line}:${col}`
}
