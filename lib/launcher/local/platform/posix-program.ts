import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { formatOf, ProgramError, readStart } from './program-format.ts'

/**
 * Finds the file that a command's first word names, as exec would, and checks that it can be executed. Without this, a missing
 * interpreter looks like a missing program, and glibc hands files of unknown format to /bin/sh.
 */
export async function resolvePosixProgram (word: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<string> {
  const file = word.includes('/') ? resolve(word) : await findInPath(word, env['PATH'] ?? '')
  const problem = await problemOf(file)
  if (problem !== undefined) throw new ProgramError(`the program ${word} ${problem}`)
  await checkFormat(file, word, platform)
  return file
}

async function findInPath (word: string, path: string): Promise<string> {
  let denied: string | undefined
  for (const folder of path.split(delimiter)) {
    const file = join(isAbsolute(folder) ? folder : resolve(folder), word)
    const problem = await problemOf(file)
    if (problem === undefined) return file
    if (problem !== NOT_FOUND) denied ??= `the program ${file} ${problem}`
  }
  throw new ProgramError(denied ?? `the program ${word} was not found in PATH`)
}

const NOT_FOUND = 'was not found'

async function problemOf (file: string): Promise<string | undefined> {
  const info = await stat(file).catch(() => undefined)
  if (info === undefined) return NOT_FOUND
  if (info.isDirectory()) return 'is a directory'
  return access(file, constants.X_OK).then(() => undefined, () => 'is not executable')
}

async function checkFormat (file: string, word: string, platform: NodeJS.Platform): Promise<void> {
  const start = await readStart(file)
  if (start === undefined) return
  const format = formatOf(start)
  if (format === undefined) throw new ProgramError(`the file ${word} is no program: it starts neither as one nor with a "#!" line`)
  if (!format.platforms.includes(platform)) throw new ProgramError(`the file ${word} is ${format.name}, which does not run here`)
  if (format.name === 'a script') await checkInterpreter(start, word)
}

async function checkInterpreter (start: Buffer, word: string): Promise<void> {
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(start.toString('utf8'))?.[1]
  const problem = await interpreterProblem(interpreter)
  if (problem !== undefined) throw new ProgramError(`the script ${word} cannot run: ${problem}`)
}

async function interpreterProblem (interpreter: string | undefined): Promise<string | undefined> {
  if (interpreter === undefined) return 'its "#!" line names no interpreter'
  if (interpreter.endsWith('\r')) return 'its lines end as on Windows, with a carriage return'
  const problem = await problemOf(interpreter)
  return problem === undefined ? undefined : `its interpreter ${interpreter} ${problem}`
}
