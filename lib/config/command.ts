/** Thrown for a command line that has no words. */
export class EmptyCommand extends Error {
  override message = 'the command is empty'
}

/**
 * Splits a command into words as llama-swap does (no variables, globs, pipes or redirections): with POSIX quoting, on Windows with
 * that of its own programs. Whole-line comments are dropped, a backslash at the end of a line joins it with the next.
 */
export function splitCommand (command: string, platform: NodeJS.Platform = process.platform): string[] {
  const lines = joinLines(command)
  const words = platform === 'win32' ? splitWindowsWords(lines) : splitWords(lines)
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

/** Only double quotes quote. A backslash is a character, unless it and its like stand before a double quote: two are one then, and one takes the quote's meaning away. */
function splitWindowsWords (text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let isQuoted = false
  for (const [part] of text.matchAll(/\\+"?|[^\\]/gs)) {
    const backslashes = part.startsWith('\\') ? part.replace('"', '').length : 0
    const isEscaped = backslashes % 2 === 1
    if (!isQuoted && (part === ' ' || part === '\t' || part === '\n')) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (part.endsWith('"')) {
      word = (word ?? '') + '\\'.repeat(Math.floor(backslashes / 2)) + (isEscaped ? '"' : '')
      if (!isEscaped) isQuoted = !isQuoted
    } else {
      word = (word ?? '') + part
    }
  }
  if (word !== undefined) words.push(word)
  return words
}
