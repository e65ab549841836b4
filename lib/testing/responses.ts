import type { Json } from './answers.ts'
import type { StreamEvent } from './events.ts'

function itemOf (text?: string): Json {
  return { id: 'msg_1', type: 'message', role: 'assistant', status: text === undefined ? 'in_progress' : 'completed', content: text === undefined ? [] : [partOf(text)] }
}

function partOf (text: string): Json {
  return { type: 'output_text', text, annotations: [] }
}

/** An answer of OpenAI's Responses API; without a text it has only begun. */
export function responseOf (model: unknown, text?: string): Json {
  const begun = { id: 'resp_1', object: 'response', created_at: Math.floor(Date.now() / 1000), model, parallel_tool_calls: true, tool_choice: 'auto', tools: [] }
  if (text === undefined) return { ...begun, status: 'in_progress', output: [] }
  return { ...begun, status: 'completed', output: [itemOf(text)], usage: { input_tokens: 1, output_tokens: 3, total_tokens: 4 } }
}

/** The events of such an answer, with the framing that OpenAI's client needs to put the text together. */
export function * responseEvents (texts: string[], model: unknown): Generator<StreamEvent> {
  const whole = texts.join('')
  const part = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  yield { type: 'response.created', response: responseOf(model) }
  yield { type: 'response.output_item.added', output_index: 0, item: itemOf() }
  yield { type: 'response.content_part.added', ...part, part: partOf('') }
  for (const delta of texts) yield { type: 'response.output_text.delta', ...part, delta }
  yield { type: 'response.output_text.done', ...part, text: whole }
  yield { type: 'response.content_part.done', ...part, part: partOf(whole) }
  yield { type: 'response.output_item.done', output_index: 0, item: itemOf(whole) }
  yield { type: 'response.completed', response: responseOf(model, whole) }
}
