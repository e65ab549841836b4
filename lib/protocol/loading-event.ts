import type { Protocol } from './protocol.ts'

/**
 * A word on how a load goes, as an event that the protocol's clients take for no part of the answer: reasoning in OpenAI's chat (as
 * llama-swap has it), a ping in Anthropic's, else a comment. So the real stream can follow unchanged.
 */
export function loadingEvent (protocol: Protocol, model: string, text: string): string {
  switch (protocol) {
    case 'chat': {
      const chunk = { object: 'chat.completion.chunk', model, choices: [{ index: 0, delta: { reasoning_content: text }, finish_reason: null }] }
      return `data: ${JSON.stringify(chunk)}\n\n`
    }
    case 'anthropic': return `${comment(text)}event: ping\ndata: {"type":"ping"}\n\n`
    default: return `${comment(text)}\n`
  }
}

function comment (text: string): string {
  return text.split(/[\r\n]+/).filter((line) => line.trim() !== '').map((line) => `: ${line}\n`).join('')
}
