import { constants } from 'node:fs'
import { access, open, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** Thrown when a program cannot be started; the message says why. */
export class ProgramError extends Error {}

/**
 * Finds the file that a command's first word names, as exec would, and checks that it can be executed. Without this, a missing
 * interpreter looks like a missing program, and glibc hands files of unknown format to /bin/sh.
 */
export async function resolveProgram (word: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (process.platform === 'win32') return word
  const file = word.includes('/') ? resolve(word) : await findInPath(word, env['PATH'] ?? '')
  const problem = await problemOf(file)
  if (problem !== undefined) throw new ProgramError(`the program ${word} ${problem}`)
  await checkFormat(file, word)
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

const MAGIC: ReadonlyArray<[name: string, bytes: Buffer, platforms: readonly NodeJS.Platform[]]> = [
  ['a Linux program (ELF)', Buffer.from('\x7fELF'), ['linux', 'freebsd', 'openbsd', 'android', 'sunos']],
  ['a macOS program (Mach-O)', Buffer.from('cffaedfe', 'hex'), ['darwin']],
  ['a macOS program (Mach-O)', Buffer.from('cafebabe', 'hex'), ['darwin']],
  ['a Windows program', Buffer.from('MZ'), ['win32']],
  ['a script', Buffer.from('#!'), ['linux', 'freebsd', 'openbsd', 'android', 'sunos', 'darwin']]
]

async function checkFormat (file: string, word: string): Promise<void> {
  const start = await readStart(file)
  // Unreadable is not unusable: a program may be executable only.
  if (start === undefined) return
  const magic = MAGIC.find(([, bytes]) => start.subarray(0, bytes.length).equals(bytes))
  if (magic === undefined) throw new ProgramError(`the file ${word} is no program: it starts neither as one nor with a "#!" line`)
  const [name, , platforms] = magic
  if (!platforms.includes(process.platform)) throw new ProgramError(`the file ${word} is ${name}, which does not run here`)
  if (name === 'a script') await checkInterpreter(start, word)
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

async function readStart (file: string): Promise<Buffer | undefined> {
  const handle = await open(file).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
