/** Thrown for a command line that has no words. */
export class EmptyCommand extends Error {
  override message = 'the command is empty'
}

/**
 * Splits a command into words as llama-swap does (POSIX quoting; no variables, globs, pipes or redirections):
 * whole-line comments are dropped, a backslash at the end of a line joins it with the next.
 */
export function splitCommand (command: string): string[] {
  const words = splitWords(joinLines(command))
  if (words.length === 0) throw new EmptyCommand()
  return words
}

/** Drops the lines that are comments. What they say is not looked at: neither quotes nor macros. */
export function stripComments (command: string): string {
  return command.replaceAll('\r\n', '\n').split('\n').filter((line) => !line.trim().startsWith('#')).join('\n')
}

function joinLines (command: string): string {
  return stripComments(command).split('\n')
    .map((line) => line.trim().endsWith('\\') ? `${line.trim().slice(0, -1)} ` : line)
    .join('\n')
}

// Characters that a backslash escapes within double quotes.
const ESCAPABLE = '$`"\\\n'

function splitWords (text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  const add = (part: string): void => { word = (word ?? '') + part }
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    const next = text[i + 1]
    if (quote !== '' && char === quote) {
      quote = ''
    } else if (quote === "'") {
      add(char)
    } else if (char === '\\' && next !== undefined && (quote === '' || ESCAPABLE.includes(next))) {
      i++
      if (next !== '\n') add(next)
    } else if (quote === '"') {
      add(char)
    } else if (char === '"' || char === "'") {
      quote = char
      add('')
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      add(char)
    }
  }
  if (word !== undefined) words.push(word)
  return words
}
