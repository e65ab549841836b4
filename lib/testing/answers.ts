/** A JSON object. */
export type Json = Record<string, unknown>

/** The kinds of answer; `echo` is for all paths without a shape of their own. */
export type Shape = 'chat' | 'completion' | 'embeddings' | 'rerank' | 'messages' | 'echo'

const shapes: Record<string, Shape> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completion',
  '/v1/embeddings': 'embeddings',
  '/v1/rerank': 'rerank',
  '/v1/messages': 'messages'
}

/** The shape of the answer for a path. */
export function shapeOf (path: string): Shape {
  return shapes[path] ?? 'echo'
}

function list (value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

// OpenAI's client asks for base64 unless told otherwise.
function vector (json: Json, seed: number): number[] | string {
  const numbers = [seed, 0.5, 0.25]
  return json['encoding_format'] === 'base64' ? Buffer.from(new Float32Array(numbers).buffer).toString('base64') : numbers
}

/** The body of an answer that is not a stream. */
export function plain (shape: Exclude<Shape, 'echo'>, name: string, json: Json): Json {
  const text = `hello from ${name}`
  const model = json['model'] ?? name
  const usage = { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 }
  const created = Math.floor(Date.now() / 1000)
  switch (shape) {
    case 'chat':
      return { id: 'chatcmpl-1', object: 'chat.completion', created, model, choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }], usage }
    case 'completion':
      return { id: 'cmpl-1', object: 'text_completion', created, model, choices: [{ index: 0, text, finish_reason: 'stop', logprobs: null }], usage }
    case 'embeddings':
      return { object: 'list', model, data: list(json['input']).map((_, index) => ({ object: 'embedding', index, embedding: vector(json, index) })), usage }
    case 'rerank':
      return { object: 'list', model, results: list(json['documents']).map((_, index) => ({ index, relevance_score: 1 / (index + 1) })), usage }
    case 'messages':
      return { id: 'msg_1', type: 'message', role: 'assistant', model, content: [{ type: 'text', text }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1, output_tokens: 3 } }
  }
}

/** The body of an error. */
export function failure (shape: Shape, status: number, message: string): Json {
  return shape === 'messages'
    ? { type: 'error', error: { type: 'api_error', message } }
    : { error: { message, type: 'server_error', code: status } }
}
