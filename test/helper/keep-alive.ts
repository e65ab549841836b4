import { readFileSync } from 'node:fs'

/** For tests that ask the kernel: there is no other way to see whether a socket has keep-alive. */
export const noKeepAlive = process.platform !== 'linux' && 'reads /proc'

/** Seconds until the kernel's keep-alive timer fires at one end of a connection over IPv4; none if it has no such timer. */
export function probeDue ({ localPort, remotePort }: { localPort?: number | undefined, remotePort?: number | undefined }): number | undefined {
  const hex = (port: number | undefined): string => `:${port!.toString(16).toUpperCase().padStart(4, '0')}`
  // `sl local_address rem_address st queues tr:when ...`; timer 2 is the keep-alive one, and it counts in hundredths.
  const fields = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
  const [timer, when] = fields.find(([, local, remote]) => local?.endsWith(hex(localPort)) && remote?.endsWith(hex(remotePort)))?.[5]?.split(':') ?? []
  return timer === '02' ? Number.parseInt(when!, 16) / 100 : undefined
}
