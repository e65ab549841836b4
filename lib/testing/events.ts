import type { Json } from './answers.ts'
import type { Fault } from './faults.ts'
import type { UpstreamMark } from './mark.ts'
import { responseEvents } from './responses.ts'
import type { Shape } from './shapes.ts'

/** One event of a stream before it gets its mark. */
export type StreamEvent = Json & { type?: string }

function * messageEvents (texts: string[], model: unknown): Generator<StreamEvent> {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 0 } }
  yield { type: 'message_start', message }
  yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  for (const text of texts) yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
  yield { type: 'content_block_stop', index: 0 }
  yield { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: texts.length } }
  yield { type: 'message_stop' }
}

function * openaiEvents (shape: Shape, texts: string[], model: unknown): Generator<StreamEvent> {
  const created = Math.floor(Date.now() / 1000)
  for (const [index, text] of texts.entries()) {
    const finish = index === texts.length - 1 ? 'stop' : null
    yield shape === 'completion'
      ? { id: 'cmpl-1', object: 'text_completion', created, model, choices: [{ index: 0, text, finish_reason: finish, logprobs: null }] }
      : { id: 'chatcmpl-1', object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta: { role: 'assistant', content: text }, finish_reason: finish }] }
  }
}

/** The events of a stream; paths without a shape of their own stream as chat does. */
export function streamed (shape: Shape, name: string, json: Json, fault: Fault): Iterable<StreamEvent> {
  const texts = Array.from({ length: fault.chunks ?? 5 }, (_, index) => `${name} ${index} `.padEnd(fault.chunkBytes ?? 0, 'x'))
  const model = json['model'] ?? name
  if (shape === 'messages') return messageEvents(texts, model)
  if (shape === 'responses') return responseEvents(texts, model)
  return openaiEvents(shape, texts, model)
}

/** Whether each event says its type on a line of its own. Such streams end without a `[DONE]`. */
export function hasEventLines (shape: Shape): boolean {
  return shape === 'messages' || shape === 'responses'
}

/** An event as it goes over the wire. */
export function eventText (shape: Shape, event: StreamEvent, upstream: UpstreamMark): string {
  const data = `data: ${JSON.stringify({ ...event, upstream })}\n\n`
  return hasEventLines(shape) ? `event: ${event.type}\n${data}` : data
}
