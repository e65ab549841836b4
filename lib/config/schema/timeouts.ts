import type { Schema } from './schema.ts'

// Negative numbers are taken as 0.
const limit = { type: 'integer' } as const

/** Limits of the connections to a server, with other defaults for models than for peers. */
export function timeoutsSchema<const Defaults extends Record<string, number>> (defaults: Defaults) {
  return {
    type: 'object',
    description: 'Limits of the connections to the server, in seconds; 0 is no limit.',
    properties: {
      connect: { ...limit, default: defaults.connect, description: 'For a connection to be made.', examples: [5] },
      keepalive: { ...limit, default: defaults.keepalive, description: 'Until the first TCP keep-alive probe.', examples: [60] },
      responseHeader: { ...limit, default: defaults.responseHeader, description: 'For the headers of an answer.', examples: [600] },
      tlsHandshake: { ...limit, default: defaults.tlsHandshake, description: 'For the TLS handshake, where the URL is https.', examples: [5] },
      expectContinue: { ...limit, default: defaults.expectContinue, description: 'Without effect: the gateway itself answers "Expect: 100-continue".', examples: [1] },
      idleConn: { ...limit, default: defaults.idleConn, description: 'How long an idle connection is kept; 4 at most, since a server that closes first loses a request, and none after an event stream.', examples: [2] }
    }
  } as const satisfies Schema
}
