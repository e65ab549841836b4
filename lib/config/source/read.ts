import { open } from 'node:fs/promises'

// A config is read and checked in one go, while nothing else runs.
const MAX_BYTES = 4 * 1024 * 1024

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file or directory; check the path',
  ENOTDIR: 'a part of the path is a file, not a directory; check the path',
  EISDIR: 'it is a directory; name a file in it',
  EACCES: 'no permission to read it; make it readable for the user that the gateway runs as',
  ELOOP: 'its symbolic links lead in a circle; check them'
}

/** Why a file cannot be read, in words. */
export function reasonOf (error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return reasons[code ?? ''] ?? message
}

/** The text of a config file. Throws with what is wrong with it, and where. */
export async function readConfigFile (path: string): Promise<string> {
  const bytes = await readBytes(path).catch((error: unknown) => { throw new Error(`${path}: ${reasonOf(error)}`) })
  if (bytes.length > MAX_BYTES) throw new Error(`${path}: it is larger than ${MAX_BYTES / 1024 / 1024} MiB; a config of that size is a mistake, or belongs into several files of a directory`)
  return checkCharacters(path, decode(path, bytes))
}

// Not `readFile`: a device or a pipe may have no end.
async function readBytes (path: string): Promise<Buffer> {
  const handle = await open(path)
  try {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      chunks.push(chunk as Buffer)
      size += (chunk as Buffer).length
      if (size > MAX_BYTES) break
    }
    return Buffer.concat(chunks)
  } finally {
    await handle.close()
  }
}

function decode (path: string, bytes: Buffer): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Error(`${position(path, validPrefix(bytes))}: the file is not ${encoding.toUpperCase()}; save it as UTF-8`)
  }
}

// What can be read of it shows where it ends.
function validPrefix (bytes: Buffer): string {
  const text = bytes.toString()
  return text.slice(0, text.indexOf('\ufffd'))
}

function checkCharacters (path: string, text: string): string {
  // eslint-disable-next-line no-control-regex
  const index = text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/)
  if (index === -1) return text
  const code = text.charCodeAt(index).toString(16).padStart(4, '0')
  throw new Error(`${position(path, text.slice(0, index))}: the control character U+${code.toUpperCase()} is not allowed in YAML; remove it, or write it as "\\u${code}"`)
}

function position (path: string, before: string): string {
  const lines = before.split('\n')
  return `${path}:${lines.length}:${lines.at(-1)!.length + 1}`
}
