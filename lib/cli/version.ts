import { packageVersion } from '../routes/version.ts'

/** `fastify-llama-swap 0.1.0` */
export const nameAndVersion = `fastify-llama-swap ${packageVersion}`
