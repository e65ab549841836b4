import { Lexer } from 'yaml'
import type { Problem } from '../problem.ts'
import type { Place } from '../tree.ts'
import { placesIn } from './places.ts'
import type { Edit } from './places.ts'
import type { SourceFile } from './sources.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Substituted {
  readonly text: string
  /** The place of an offset of `text` in the file. */
  readonly place: (offset: number) => Place
  readonly problems: readonly Problem[]
  /** Values whose variables have names of secrets. */
  readonly secrets: readonly string[]
}

/** A reference to an environment variable. */
export const ENV = /\$\{env\.([a-zA-Z_][a-zA-Z0-9_]*)\}/g
const SECRET_NAME = /KEY|TOKEN|SECRET|PASS|CREDENTIAL/i
const HINT = '; set it where the gateway is started, or take the reference out'

/**
 * Replaces each `${env.NAME}` of a file's text before it is read as YAML, so that a value may be any part of it: a number, an item, a key.
 * Comments are left alone. Backslashes and double quotes of the values are escaped, as they must be within double quotes.
 */
export function substituteEnv ({ file, text }: SourceFile, env: Environment): Substituted {
  const problems: Problem[] = []
  const secrets = new Set<string>()
  const edits: Edit[] = []
  const placeInSource = placesIn(file, text)

  // A value may refer to other variables, which may not: so does llama-swap, and a cycle has an end.
  function valueOf (name: string, at: Place, isNested: boolean): string {
    const value = env[name]
    if (value === undefined) {
      problems.push({ path: [], at, message: `the environment variable ${name} is not set${HINT}` })
      return ''
    }
    if (/[\n\r\0]/.test(value)) {
      problems.push({ path: [], at, message: `the environment variable ${name} contains newlines or null bytes, which cannot be put into YAML; give it a value of one line` })
      return ''
    }
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
    const inserted = escaped.replace(ENV, (reference, inner: string) => {
      if (!isNested) return valueOf(inner, at, true)
      problems.push({ path: [], at, message: `the environment variable ${name} refers to ${inner}, but is itself referred to by another; at most one level is followed` })
      return reference
    })
    if (isSecretName(name)) for (const secret of [value, escaped, inserted]) secrets.add(secret)
    return inserted
  }

  const isComment = text.includes('${env.') ? commentsOf(text) : () => false
  const substituted = text.replace(ENV, (reference, name: string, offset: number) => {
    if (isComment(offset)) return reference
    const value = valueOf(name, placeInSource(offset), false)
    edits.push({ start: offset, end: offset + reference.length, length: value.length })
    return value
  })
  return { text: substituted, place: placesIn(file, text, edits), problems, secrets: [...secrets] }
}

/** Tells whether an offset lies in a comment. Asked in ascending order. */
function commentsOf (text: string): (offset: number) => boolean {
  const comments: Array<{ start: number, end: number }> = []
  let offset = 0
  let isScalar = false
  for (const token of new Lexer().lex(text)) {
    // Marks of the lexer's own, which are not in the text.
    const isMark = token === '\u0002' || token === '\u0018' || token === '\u001f'
    if (!isMark && !isScalar && token.startsWith('#')) comments.push({ start: offset, end: offset + token.length })
    isScalar = token === '\u001f'
    if (!isMark) offset += token.length
  }
  let index = 0
  return (wanted) => {
    while (index < comments.length && comments[index]!.end <= wanted) index++
    return index < comments.length && comments[index]!.start <= wanted
  }
}

/** Whether a variable of that name most likely holds a secret. */
export function isSecretName (name: string): boolean {
  return SECRET_NAME.test(name)
}
