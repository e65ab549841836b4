import type { FastifyRequest } from 'fastify'
import type { Readable } from 'node:stream'
import { readBody } from '../body/intake.ts'
import { errors } from '../errors.ts'
import type { Handler } from './route.ts'

// A name, and some.
const MAX_BODY = 64 * 1024
const NO_BODY = Buffer.alloc(0)

export const listProfiles: Handler = ({ manager }) => ({
  active: manager.naming.profile ?? null,
  profiles: [...manager.config.profiles.values()].map(({ id, description, pins }) => (
    { id, description, pins: Object.fromEntries([...pins].map(([name, target]) => [name, target ?? ''])) }
  ))
})

/** Makes a profile the active one: `{"name": "..."}`; null or an empty name: none. */
export const activateProfile: Handler = async ({ manager }, request) => {
  const name = await readName(request)
  manager.naming.useProfile(name === '' || name === null ? undefined : name)
  const active = manager.naming.profile ?? null
  request.log.info(active === null ? 'no profile is active any more' : `active profile changed to "${active}"`)
  return { active }
}

async function readName (request: FastifyRequest): Promise<string | null> {
  const bytes = await read(request)
  let body: unknown
  try {
    body = JSON.parse(bytes.toString())
  } catch {
    throw new errors.ProfileInvalid('invalid profile request: send JSON such as {"name": "work"}, or null for none')
  }
  if (typeof body !== 'object' || body === null || !('name' in body)) throw new errors.ProfileInvalid('profile name is required: send {"name": "work"}, or {"name": null} for none')
  const { name } = body
  if (typeof name !== 'string' && name !== null) throw new errors.ProfileInvalid('profile name must be a string or null')
  return name
}

function read (request: FastifyRequest): Promise<Buffer> {
  const payload = request.body as Readable | undefined
  if (payload === undefined || payload === null) return Promise.resolve(NO_BODY)
  return new Promise((resolve, reject) => {
    readBody(payload, { length: undefined, limit: MAX_BODY, budget: { limit: MAX_BODY, held: 0 } }, (error, body) => {
      if (body !== undefined) return resolve(body.bytes)
      reject(error instanceof errors.BodyTooLarge ? new errors.ProfileInvalid(`invalid profile request: larger than ${MAX_BODY} bytes`) : error)
    })
  })
}
