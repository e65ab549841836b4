import { lstat, stat } from 'node:fs/promises'
import { delimiter, extname, resolve } from 'node:path'
import { formatOf, ProgramError, readStart } from './program-format.ts'

const DEFAULT_ENDINGS = '.COM;.EXE;.BAT;.CMD'

/**
 * Finds the file that a command's first word names by PATH and PATHEXT, never in the working directory, and checks that Windows
 * can start it by itself.
 */
export async function resolveWindowsProgram (word: string, env: NodeJS.ProcessEnv): Promise<string> {
  const inFolder = /[\\/]|^[a-z]:/i.test(word)
  const folders = inFolder ? [''] : (variable(env, 'PATH') ?? '').split(delimiter).map(unquote).filter((folder) => folder !== '')
  const endings = (variable(env, 'PATHEXT') ?? DEFAULT_ENDINGS).toLowerCase().split(';').filter((ending) => ending !== '')
  const names = [...(extname(word) === '' ? [] : [word]), ...endings.map((ending) => word + ending)]
  for (const folder of folders) {
    for (const name of names) {
      const file = resolve(folder, name)
      if (!await isFile(file)) continue
      await checkFormat(file, word)
      return file
    }
  }
  throw new ProgramError(`the program ${word} was not found${inFolder ? '' : ' in PATH'}; endings tried: ${endings.join(' ')}`)
}

// Names are compared without case. Of two spellings Node hands down the first.
function variable (env: NodeJS.ProcessEnv, wanted: string): string | undefined {
  const name = Object.keys(env).sort().find((name) => name.toUpperCase() === wanted)
  return name === undefined ? undefined : env[name]
}

function unquote (folder: string): string {
  return folder.replace(/^"(.*)"$/, '$1')
}

// The Store's links to programs cannot be followed, only started.
async function isFile (file: string): Promise<boolean> {
  const info = await stat(file).catch(() => lstat(file)).catch(() => undefined)
  return info !== undefined && !info.isDirectory()
}

async function checkFormat (file: string, word: string): Promise<void> {
  // Node refuses these: no quoting keeps the command interpreter from taking an argument for a command.
  if (/\.(bat|cmd)$/i.test(file)) {
    throw new ProgramError(`the program ${word} is a batch file (${file}), which only a command interpreter can run: name the .exe that it starts, or write cmd /c before it`)
  }
  const start = await readStart(file)
  if (start === undefined) return
  const format = formatOf(start)
  if (format === undefined) throw new ProgramError(`the file ${word} is no program: it does not start as one (${file})`)
  if (!format.platforms.includes('win32')) throw new ProgramError(`the file ${word} is ${format.name}, which does not run here (${file})`)
}
