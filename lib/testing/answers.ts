import type { FormField } from './form.ts'
import { responseOf } from './responses.ts'
import type { Shape } from './shapes.ts'

/** A JSON object. */
export type Json = Record<string, unknown>

// One white pixel.
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=='

function list (value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

// OpenAI's client asks for base64 unless told otherwise.
function vector (json: Json, seed: number): number[] | string {
  const numbers = [seed, 0.5, 0.25]
  return json['encoding_format'] === 'base64' ? Buffer.from(new Float32Array(numbers).buffer).toString('base64') : numbers
}

// No more than OpenAI allows.
function images (count: unknown): Json[] {
  return Array.from({ length: typeof count === 'number' ? Math.min(count, 10) : 1 }, () => ({ b64_json: png }))
}

/** The body of a JSON answer. `fields` are those of the form that was sent, if it was one. */
export function plain (shape: Exclude<Shape, 'echo' | 'speech'>, name: string, json: Json, fields: FormField[] = []): Json {
  const text = `hello from ${name}`
  const model = json['model'] ?? name
  const usage = { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 }
  const created = Math.floor(Date.now() / 1000)
  switch (shape) {
    case 'chat':
      return { id: 'chatcmpl-1', object: 'chat.completion', created, model, choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }], usage }
    case 'completion':
      return { id: 'cmpl-1', object: 'text_completion', created, model, choices: [{ index: 0, text, finish_reason: 'stop', logprobs: null }], usage }
    case 'responses':
      return responseOf(model, text)
    case 'messages':
      return { id: 'msg_1', type: 'message', role: 'assistant', model, content: [{ type: 'text', text }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1, output_tokens: 3 } }
    case 'tokens':
      return { input_tokens: 1 }
    case 'embeddings':
      return { object: 'list', model, data: list(json['input']).map((_, index) => ({ object: 'embedding', index, embedding: vector(json, index) })), usage }
    case 'rerank':
      return { object: 'list', model, results: list(json['documents']).map((_, index) => ({ index, relevance_score: 1 / (index + 1) })), usage }
    case 'transcription':
      return { text, fields }
    case 'images':
      return { created, data: images(json['n']) }
  }
}
