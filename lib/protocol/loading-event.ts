import type { Protocol } from './protocol.ts'

/** A word on how a load goes. */
export interface Notice {
  readonly model: string
  /** Epoch seconds. */
  readonly created: number
  readonly text: string
  /** Whether it is the first of its stream. */
  readonly first: boolean
}

/**
 * An event that the protocol's clients take for no part of the answer, so that the real stream can follow unchanged: reasoning in OpenAI's
 * chat (as llama-swap has it), a ping in Anthropic's, else a comment.
 */
export function loadingEvent (protocol: Protocol, notice: Notice): string {
  switch (protocol) {
    case 'chat': return `data: ${JSON.stringify(chunk(notice))}\n\n`
    case 'anthropic': return `${comment(notice.text)}event: ping\ndata: {"type":"ping"}\n\n`
    // No empty line after it: openai-go takes one for the end of an event, and fails on an event without data.
    default: return comment(notice.text)
  }
}

// All that strict clients want of a chunk but the `id`: some take that of the first chunk for the whole answer's, and openai-go then refuses the real ones.
// The role once: without one LangChain takes the answer for nobody's, and drops its tool calls; others append one to another.
function chunk ({ model, created, text, first }: Notice): object {
  const delta = { ...(first && { role: 'assistant' }), reasoning_content: text }
  return { object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta, finish_reason: null }] }
}

// Rules are for eyes.
function comment (text: string): string {
  return text.split(/[\r\n]+/).filter((line) => /[!-~]/.test(line)).map((line) => `: ${line}\n`).join('')
}
