import { createRequire } from 'node:module'
import type { Handler } from './route.ts'

// By the package's own name, since it is as far away from the source as from what is built.
const manifest = createRequire(import.meta.url)('fastify-llama-swap/package.json') as { version: string }

export const packageVersion = manifest.version

/** llama-swap's fields; a package has no commit and no build date. */
export const version: Handler = () => ({ version: packageVersion, commit: 'unknown', build_date: 'unknown' })
