/** What kind of client a route serves: decides how errors look to it. */
export type Protocol = 'openai' | 'anthropic' | 'plain'
