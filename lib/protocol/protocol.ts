/** What kind of client a route serves: decides how errors, and the progress of a load, look to it. `chat` is OpenAI's chat. */
export type Protocol = 'openai' | 'chat' | 'anthropic' | 'plain'

/** The protocol that a server speaks on a path. */
export function protocolOf (path: string): Protocol {
  if (/\/messages(\/|\?|$)/.test(path)) return 'anthropic'
  return /\/chat\/completions(\?|$)/.test(path) ? 'chat' : 'openai'
}
