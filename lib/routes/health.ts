import type { Handler } from './route.ts'

/** Whether the gateway runs. How its models are, `status` tells. */
export const health: Handler = (_context, _request, reply) => reply.type('text/plain; charset=utf-8').send('OK')
