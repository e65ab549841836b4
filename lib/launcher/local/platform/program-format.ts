import { open } from 'node:fs/promises'

/** Thrown when a program cannot be started; the message says why. */
export class ProgramError extends Error {}

export interface ProgramFormat {
  readonly name: string
  readonly platforms: readonly NodeJS.Platform[]
}

const MAGIC: ReadonlyArray<[bytes: Buffer, format: ProgramFormat]> = [
  [Buffer.from('\x7fELF'), { name: 'a Linux program (ELF)', platforms: ['linux', 'freebsd', 'openbsd', 'android', 'sunos'] }],
  [Buffer.from('cffaedfe', 'hex'), { name: 'a macOS program (Mach-O)', platforms: ['darwin'] }],
  [Buffer.from('cafebabe', 'hex'), { name: 'a macOS program (Mach-O)', platforms: ['darwin'] }],
  [Buffer.from('MZ'), { name: 'a Windows program', platforms: ['win32'] }],
  [Buffer.from('#!'), { name: 'a script', platforms: ['linux', 'freebsd', 'openbsd', 'android', 'sunos', 'darwin'] }]
]

/** What a file is by its first bytes; undefined when it is no program. */
export function formatOf (start: Buffer): ProgramFormat | undefined {
  return MAGIC.find(([bytes]) => start.subarray(0, bytes.length).equals(bytes))?.[1]
}

/** The first bytes of a file. Unreadable is not unusable: a program may be executable only. */
export async function readStart (file: string): Promise<Buffer | undefined> {
  const handle = await open(file).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
