import { readFile } from 'node:fs/promises'
import { configError } from './problem.ts'

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory; name a file in it',
  EACCES: 'no permission to read it'
}

/** The text of a config file. */
export async function readConfigFile (path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw configError([`${path}: ${reasons[code ?? ''] ?? message}`])
  }
}
