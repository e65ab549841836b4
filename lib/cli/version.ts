import { createRequire } from 'node:module'

// By the package's own name, since it is as far away from the source as from what is built.
const manifest = createRequire(import.meta.url)('fastify-llama-swap/package.json') as { version: string }

/** `fastify-llama-swap 0.1.0` */
export const nameAndVersion = `fastify-llama-swap ${manifest.version}`
