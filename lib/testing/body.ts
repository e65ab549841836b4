import { plain } from './answers.ts'
import type { Json } from './answers.ts'
import { failure } from './failure.ts'
import { fieldsOf } from './form.ts'
import type { FormField } from './form.ts'
import { mark } from './mark.ts'
import type { Task } from './task.ts'
import { wav } from './wav.ts'

/** The body of an answer that is not a stream. */
export async function plainBody (task: Task): Promise<{ type: string, data: Buffer }> {
  const { exchange: { req }, name, shape, fault, body, json } = task
  if (fault.status !== undefined) return jsonBody(failure(shape, name, fault.status, `${name} fails on demand`), fault.bodyBytes)
  if (shape === 'speech') return { type: 'audio/wav', data: wav(fault.bodyBytes) }
  const fields = await fieldsOf(req.headers['content-type'], body)
  const answer = shape === 'echo' ? echo(task, fields) : plain(shape, name, json, fields)
  return jsonBody({ ...answer, upstream: mark(name) }, fault.bodyBytes)
}

function echo ({ exchange: { req }, body }: Task, fields: FormField[] | undefined): Json {
  return { method: req.method, url: req.url, headers: req.headers, rawHeaders: req.rawHeaders, bodyBase64: body.toString('base64'), ...(fields && { fields }) }
}

function jsonBody (answer: Json, bytes = 0): { type: string, data: Buffer } {
  const text = JSON.stringify(answer)
  const missing = bytes - Buffer.byteLength(text) - ',"padding":""'.length
  const data = Buffer.from(missing > 0 ? `${text.slice(0, -1)},"padding":"${'x'.repeat(missing)}"}` : text)
  return { type: 'application/json', data }
}
