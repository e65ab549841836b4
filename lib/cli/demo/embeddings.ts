import { createHash } from 'node:crypto'
import { BadRequest } from './exchange.ts'

const DIMENSIONS = 64

/** Answers an embeddings request, as OpenAI does. */
export function answerEmbeddings (body: Record<string, unknown>, model: string): object {
  const texts = textsOf(body['input'])
  const asBase64 = body['encoding_format'] === 'base64'
  const data = texts.map((text, index) => {
    const vector = embed(text)
    return { object: 'embedding', index, embedding: asBase64 ? toBase64(vector) : vector }
  })
  const tokens = texts.reduce((sum, text) => sum + wordsOf(text).length, 0)
  return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}

/** One text or several, each as text or as token numbers. */
function textsOf (input: unknown): string[] {
  if (typeof input === 'string') return [input]
  if (!Array.isArray(input) || input.length === 0) throw new BadRequest('"input" must be a text or a list of texts')
  return typeof input[0] === 'number' ? [input.join(' ')] : input.map((item) => Array.isArray(item) ? item.join(' ') : String(item))
}

/** The sum of a fixed pseudo-random vector for each word, of length 1: texts that share words are close to each other. */
function embed (text: string): number[] {
  const sum = new Array<number>(DIMENSIONS).fill(0)
  for (const word of wordsOf(text)) {
    const hash = createHash('sha512').update(word).digest()
    for (let i = 0; i < DIMENSIONS; i++) sum[i]! += hash[i]! - 127.5
  }
  const length = Math.hypot(...sum)
  return sum.map((value) => Number((value / length).toFixed(4)))
}

function wordsOf (text: string): string[] {
  // A text without words is a word, since it needs a direction too.
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]
}

// Little-endian float32, which is what the OpenAI SDK asks for.
function toBase64 (vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
