import type { TimeoutsInput } from '../../types/timeouts.ts'
import type { Timeouts } from './config.ts'

type Seconds = Readonly<Record<keyof Timeouts, number>>

/** Milliseconds; what is not written has llama-swap's default. `expectContinue` has no meaning here, since Expect is answered at the door. */
export function resolveTimeouts (input: TimeoutsInput = {}, defaults: Seconds): Timeouts {
  // A negative number is Go's other way to say "no limit".
  const milliseconds = (key: keyof Timeouts): number => Math.max(0, input[key] ?? defaults[key]) * 1000
  return Object.freeze({
    connect: milliseconds('connect'),
    keepalive: milliseconds('keepalive'),
    responseHeader: milliseconds('responseHeader'),
    tlsHandshake: milliseconds('tlsHandshake'),
    idleConn: milliseconds('idleConn')
  })
}
