import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Failure } from './failure.ts'
import type { TlsFiles } from './flags.ts'

export interface Tls {
  readonly cert: Buffer
  readonly key: Buffer
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'it is a directory'
}

/**
 * Reads a certificate and its key, and tries whether they go together.
 *
 * @throws Failure that names the file
 */
export async function readTls ({ cert, key }: TlsFiles): Promise<Tls> {
  const tls = { cert: await read('--tls-cert-file', cert), key: await read('--tls-key-file', key) }
  attempt({ cert: tls.cert }, `--tls-cert-file ${cert}: it holds no certificate in PEM form`)
  attempt({ key: tls.key }, `--tls-key-file ${key}: it holds no private key in PEM form without a passphrase`)
  attempt(tls, `--tls-cert-file ${cert}, --tls-key-file ${key}: the certificate is of another key`)
  return tls
}

async function read (flag: string, path: string): Promise<Buffer> {
  return readFile(path).catch(({ code, message }: NodeJS.ErrnoException) => { throw new Failure(`${flag} ${path}: ${reasons[code ?? ''] ?? message}`) })
}

function attempt (parts: Partial<Tls>, message: string): void {
  try {
    createSecureContext(parts)
  } catch (error) {
    throw new Failure(`${message} (${(error as Error).message})`)
  }
}
