import { request } from 'node:http'
import type { Agent } from 'node:http'

const KEYS = 1_000_000
const NAME = 1024 * 1024

/** A body for a model with a million keys. */
export function manyKeys (model: string): Buffer {
  return Buffer.from(`{"model":"${model}","stream":true${Array.from({ length: KEYS }, (_, index) => `,"k${index}":${index % 10}`).join('')}}`)
}

/** Bodies for models whose names are a megabyte long, plain and in escapes. */
export const longNames = ['n', '\\u006e'].map((letter) => Buffer.from(`{"model":"${letter.repeat(NAME / letter.length)}","stream":true}`))

/** Asks for a model that there is not; what is wrong with the answer, if something is. */
export function askInVain (url: string, agent: Agent, body: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const req = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': body.length } })
    req.on('error', (error) => resolve(error.message)).once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (data: string) => { text += data })
      response.on('error', (error) => resolve(error.message)).once('end', () => {
        const fine = response.statusCode === 404 && text.length < 1000
        resolve(fine ? undefined : `a name of a megabyte: ${response.statusCode}, ${text.length} bytes: ${text.slice(0, 200)}`)
      })
    })
    req.end(body)
  })
}
