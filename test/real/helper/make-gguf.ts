// Writes tiny GGUF v3 models with random weights that a real llama.cpp loads. Same options, same bytes.
//   npx tsx test/real/helper/make-gguf.ts chat OUT.gguf [--seed=42] [--embd=64] [--layers=2] [--heads=4] [--ff=128] [--ctx=4096] [--eos=0.44] [--pad-vocab=0] [--name=NAME]
// `embed` and `rerank` instead of `chat`: bert with mean pooling, and with rank pooling and one output.
import { closeSync, openSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export type ModelKind = 'chat' | 'embed' | 'rerank'

export interface ModelShape {
  seed?: number
  embd?: number
  layers?: number
  heads?: number
  ff?: number
  ctx?: number
  /** Weight of the end-of-turn token: how soon a reply ends by itself. -10: never. */
  eos?: number
  /** Dummy tokens, which make a tiny model a big file that loads slowly. */
  padVocab?: number
  name?: string
}

type Shape = Required<Omit<ModelShape, 'name'>> & Pick<ModelShape, 'name'>

/** Writes a model; returns its size in bytes. */
export function writeModel (kind: ModelKind, path: string, shape: ModelShape = {}): number {
  const full: Shape = { seed: 42, embd: 64, layers: 2, heads: 4, ff: 128, ctx: kind === 'chat' ? 4096 : 512, eos: 0.44, padVocab: 0, ...shape }
  return (kind === 'chat' ? chatModel(full) : bertModel(full, kind === 'rerank')).write(path)
}

// The format's numbers for the types of values.
const U32 = 4
const I32 = 5
const F32 = 6
const BOOL = 7
const STRING = 8
const ARRAY = 9
type ItemType = typeof U32 | typeof I32 | typeof F32 | typeof BOOL | typeof STRING
type Item = string | number | boolean

// The format's numbers for the types of tokens.
const NORMAL = 1
const UNKNOWN = 2
const CONTROL = 3
const UNUSED = 5
const BYTE = 6

const ALIGNMENT = 32
const padding = (length: number): number => (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT

class Gguf {
  readonly #entries: Array<{ key: string, type: ItemType, value: Item | readonly Item[] }> = []
  readonly #tensors: Array<{ name: string, dims: readonly number[], data: Float32Array }> = []

  string (key: string, value: string): void { this.#entries.push({ key, type: STRING, value }) }
  u32 (key: string, value: number): void { this.#entries.push({ key, type: U32, value }) }
  f32 (key: string, value: number): void { this.#entries.push({ key, type: F32, value }) }
  bool (key: string, value: boolean): void { this.#entries.push({ key, type: BOOL, value }) }
  list (key: string, type: ItemType, value: readonly Item[]): void { this.#entries.push({ key, type, value }) }

  /** `dims` in ggml's order: the length of a row, then the number of rows. */
  tensor (name: string, dims: readonly number[], data: Float32Array): void {
    if (data.length !== dims.reduce((a, b) => a * b, 1)) throw new Error(`${name}: ${data.length} values for ${dims.join('x')}`)
    this.#tensors.push({ name, dims, data })
  }

  write (path: string): number {
    const head = this.#head()
    const parts = [head, Buffer.alloc(padding(head.length))]
    for (const { data } of this.#tensors) {
      parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength), Buffer.alloc(padding(data.byteLength)))
    }
    const fd = openSync(path, 'w')
    try {
      for (const part of parts) for (let at = 0; at < part.length;) at += writeSync(fd, part, at)
    } finally {
      closeSync(fd)
    }
    return parts.reduce((sum, part) => sum + part.length, 0)
  }

  #head (): Buffer {
    const parts: Buffer[] = []
    const u32 = (value: number) => { const part = Buffer.alloc(4); part.writeUInt32LE(value); parts.push(part) }
    const u64 = (value: number) => { const part = Buffer.alloc(8); part.writeBigUInt64LE(BigInt(value)); parts.push(part) }
    const string = (value: string) => { const part = Buffer.from(value); u64(part.length); parts.push(part) }
    const item = (type: ItemType, value: Item) => {
      if (type === STRING) return string(String(value))
      const part = Buffer.alloc(type === BOOL ? 1 : 4)
      if (type === U32) part.writeUInt32LE(Number(value))
      else if (type === I32) part.writeInt32LE(Number(value))
      else if (type === F32) part.writeFloatLE(Number(value))
      else part.writeUInt8(value === true ? 1 : 0)
      parts.push(part)
    }

    parts.push(Buffer.from('GGUF'))
    u32(3)
    u64(this.#tensors.length)
    u64(this.#entries.length)
    for (const { key, type, value } of this.#entries) {
      string(key)
      if (typeof value !== 'object') {
        u32(type)
        item(type, value)
      } else {
        u32(ARRAY)
        u32(type)
        u64(value.length)
        for (const each of value) item(type, each)
      }
    }
    let offset = 0
    for (const { name, dims, data } of this.#tensors) {
      string(name)
      u32(dims.length)
      for (const dim of dims) u64(dim)
      u32(0) // 32-bit floats
      u64(offset)
      offset += data.byteLength + padding(data.byteLength)
    }
    return Buffer.concat(parts)
  }
}

/** Normally distributed numbers from a seed (mulberry32, Box-Muller). */
function normal (seed: number): () => number {
  let state = seed >>> 0
  const uniform = () => {
    state = (state + 0x6D2B79F5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
  let spare: number | undefined
  return () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

const filled = (length: number, value: number): Float32Array => new Float32Array(length).fill(value)

/** Matrices of random numbers. */
function matrices (seed: number): (length: number, scale: number) => Float32Array {
  const next = normal(seed)
  return (length, scale) => {
    const data = new Float32Array(length)
    for (let i = 0; i < length; i++) data[i] = next() * scale
    return data
  }
}

class Vocabulary {
  readonly tokens: string[] = []
  readonly types: number[] = []
  readonly #ids = new Map<string, number>()

  add (token: string, type: number): void {
    if (this.#ids.has(token)) return
    this.#ids.set(token, this.tokens.length)
    this.tokens.push(token)
    this.types.push(type)
  }

  id (token: string): number {
    const id = this.#ids.get(token)
    if (id === undefined) throw new Error(`no token ${token}`)
    return id
  }
}

const WORDS = ('the a an of to and in is it that was for on are with as at be this have from or had by not but what all were when we there can said use each which she do how their if will up other about ' +
  'out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get ' +
  'come made may part model swap load proxy server token cat dog red blue green hello world yes good new old big small').split(' ')

// How tokenizers mark the start of a word.
const START = '\u2581'

const CHATML = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

function chatModel ({ seed, embd, layers, heads, ff, ctx, eos, padVocab, name = 'tiny-random-chat' }: Shape): Gguf {
  const vocabulary = new Vocabulary()
  vocabulary.add('<unk>', UNKNOWN)
  for (const token of ['<s>', '</s>']) vocabulary.add(token, CONTROL)
  for (let i = 0; i < 256; i++) vocabulary.add(`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, BYTE)
  for (const token of ['<|im_start|>', '<|im_end|>']) vocabulary.add(token, CONTROL)
  // Each word with every prefix of it, so that the tokenizer, which merges pairs, gets there.
  for (const word of WORDS) for (let i = 1; i <= word.length; i++) vocabulary.add(START + word.slice(0, i), NORMAL)
  for (const char of `${START}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?:;'"()[]{}<>/|-_+=*&%$#@\\~^\`\n`) vocabulary.add(char, NORMAL)
  for (let i = 0; i < padVocab; i++) vocabulary.add(`<pad_${i}>`, UNUSED)
  const { tokens, types } = vocabulary
  const endOfTurn = vocabulary.id('<|im_end|>')

  const gguf = new Gguf()
  gguf.string('general.architecture', 'llama')
  gguf.string('general.name', name)
  gguf.u32('general.file_type', 0)
  gguf.u32('llama.vocab_size', tokens.length)
  gguf.u32('llama.context_length', ctx)
  gguf.u32('llama.embedding_length', embd)
  gguf.u32('llama.block_count', layers)
  gguf.u32('llama.feed_forward_length', ff)
  gguf.u32('llama.attention.head_count', heads)
  gguf.u32('llama.attention.head_count_kv', heads)
  gguf.f32('llama.attention.layer_norm_rms_epsilon', 1e-5)
  gguf.u32('llama.rope.dimension_count', embd / heads)
  gguf.f32('llama.rope.freq_base', 10_000)
  gguf.string('tokenizer.ggml.model', 'llama')
  gguf.string('tokenizer.ggml.pre', 'default')
  gguf.list('tokenizer.ggml.tokens', STRING, tokens)
  gguf.list('tokenizer.ggml.scores', F32, tokens.map((_token, index) => -index))
  gguf.list('tokenizer.ggml.token_type', I32, types)
  gguf.u32('tokenizer.ggml.bos_token_id', vocabulary.id('<s>'))
  gguf.u32('tokenizer.ggml.eos_token_id', endOfTurn)
  gguf.u32('tokenizer.ggml.unknown_token_id', vocabulary.id('<unk>'))
  gguf.bool('tokenizer.ggml.add_bos_token', true)
  gguf.bool('tokenizer.ggml.add_eos_token', false)
  gguf.bool('tokenizer.ggml.add_space_prefix', false)
  gguf.string('tokenizer.chat_template', CHATML)

  const matrix = matrices(seed)
  const scale = 1 / Math.sqrt(embd)
  // Dimension 0 carries a constant past every layer, so that the output's column 0 is a bias for each token.
  const embeddings = matrix(embd * tokens.length, 1)
  for (let i = 0; i < tokens.length; i++) embeddings[i * embd] = 8
  const leavingDimension0 = (data: Float32Array, columns: number) => data.fill(0, 0, columns)
  gguf.tensor('token_embd.weight', [embd, tokens.length], embeddings)
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `blk.${layer}.`
    gguf.tensor(`${prefix}attn_norm.weight`, [embd], filled(embd, 1))
    for (const part of ['attn_q', 'attn_k', 'attn_v']) gguf.tensor(`${prefix}${part}.weight`, [embd, embd], matrix(embd * embd, scale))
    gguf.tensor(`${prefix}attn_output.weight`, [embd, embd], leavingDimension0(matrix(embd * embd, scale), embd))
    gguf.tensor(`${prefix}ffn_norm.weight`, [embd], filled(embd, 1))
    for (const part of ['ffn_gate', 'ffn_up']) gguf.tensor(`${prefix}${part}.weight`, [embd, ff], matrix(embd * ff, scale))
    gguf.tensor(`${prefix}ffn_down.weight`, [ff, embd], leavingDimension0(matrix(ff * embd, 1 / Math.sqrt(ff)), ff))
  }
  gguf.tensor('output_norm.weight', [embd], filled(embd, 1))
  const output = matrix(embd * tokens.length, 0.3)
  // Whole words only: answers are readable, and no half character is ever made.
  const speakable = new Set([...WORDS.map((word) => START + word), '.', ',', '!', '?'])
  for (const [index, token] of tokens.entries()) output[index * embd] = index === endOfTurn ? eos : speakable.has(token) ? 0 : -10
  gguf.tensor('output.weight', [embd, tokens.length], output)
  return gguf
}

function bertModel ({ seed, embd, layers, heads, ff, ctx, padVocab, name }: Shape, rank: boolean): Gguf {
  const vocabulary = new Vocabulary()
  for (const token of ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']) vocabulary.add(token, CONTROL)
  for (const word of WORDS) vocabulary.add(START + word, NORMAL)
  for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789.,!?:;\'"()[]{}<>/|-_+=*&%$#@\\~^`') {
    vocabulary.add(START + char, NORMAL)
    vocabulary.add(char, NORMAL)
  }
  for (let i = 0; i < padVocab; i++) vocabulary.add(`[unused${i}]`, UNUSED)
  const { tokens, types } = vocabulary

  const gguf = new Gguf()
  gguf.string('general.architecture', 'bert')
  gguf.string('general.name', name ?? (rank ? 'tiny-random-rerank' : 'tiny-random-embed'))
  gguf.u32('general.file_type', 0)
  gguf.u32('bert.vocab_size', tokens.length)
  gguf.u32('bert.context_length', ctx)
  gguf.u32('bert.embedding_length', embd)
  gguf.u32('bert.block_count', layers)
  gguf.u32('bert.feed_forward_length', ff)
  gguf.u32('bert.attention.head_count', heads)
  gguf.f32('bert.attention.layer_norm_epsilon', 1e-12)
  gguf.bool('bert.attention.causal', false)
  gguf.u32('bert.pooling_type', rank ? 4 : 1)
  if (rank) gguf.list('bert.classifier.output_labels', STRING, ['LABEL_0'])
  gguf.string('tokenizer.ggml.model', 'bert')
  gguf.string('tokenizer.ggml.pre', 'default')
  gguf.u32('tokenizer.ggml.token_type_count', 2)
  gguf.list('tokenizer.ggml.tokens', STRING, tokens)
  gguf.list('tokenizer.ggml.token_type', I32, types)
  gguf.u32('tokenizer.ggml.bos_token_id', vocabulary.id('[CLS]'))
  gguf.u32('tokenizer.ggml.eos_token_id', vocabulary.id('[SEP]'))
  gguf.u32('tokenizer.ggml.unknown_token_id', vocabulary.id('[UNK]'))
  gguf.u32('tokenizer.ggml.seperator_token_id', vocabulary.id('[SEP]')) // spelled so in llama.cpp
  gguf.u32('tokenizer.ggml.padding_token_id', vocabulary.id('[PAD]'))
  gguf.u32('tokenizer.ggml.cls_token_id', vocabulary.id('[CLS]'))
  gguf.u32('tokenizer.ggml.mask_token_id', vocabulary.id('[MASK]'))

  const matrix = matrices(seed)
  const scale = 1 / Math.sqrt(embd)
  const linear = (to: string, columns: number, rows: number, by: number) => {
    gguf.tensor(`${to}.weight`, [columns, rows], matrix(columns * rows, by))
    gguf.tensor(`${to}.bias`, [rows], filled(rows, 0))
  }
  const norm = (to: string) => {
    gguf.tensor(`${to}.weight`, [embd], filled(embd, 1))
    gguf.tensor(`${to}.bias`, [embd], filled(embd, 0))
  }
  gguf.tensor('token_embd.weight', [embd, tokens.length], matrix(embd * tokens.length, 1))
  gguf.tensor('token_types.weight', [embd, 2], matrix(embd * 2, 0.1))
  gguf.tensor('position_embd.weight', [embd, ctx], matrix(embd * ctx, 0.1))
  norm('token_embd_norm')
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `blk.${layer}.`
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) linear(prefix + part, embd, embd, scale)
    norm(`${prefix}attn_output_norm`)
    linear(`${prefix}ffn_up`, embd, ff, scale)
    linear(`${prefix}ffn_down`, ff, embd, 1 / Math.sqrt(ff))
    norm(`${prefix}layer_output_norm`)
  }
  if (rank) {
    linear('cls', embd, embd, scale)
    linear('cls.output', embd, 1, 1)
  }
  return gguf
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const string = { type: 'string' } as const
  const { values, positionals: [kind, out] } = parseArgs({
    allowPositionals: true,
    options: { seed: string, embd: string, layers: string, heads: string, ff: string, ctx: string, eos: string, 'pad-vocab': string, name: string }
  })
  if (out === undefined || (kind !== 'chat' && kind !== 'embed' && kind !== 'rerank')) {
    console.error('usage: make-gguf.ts chat|embed|rerank OUT.gguf [--seed=N ...]')
    process.exit(2)
  }
  const { name, 'pad-vocab': padVocab, ...numbers } = values
  const shape = Object.fromEntries(Object.entries({ ...numbers, padVocab }).flatMap(([key, value]) => value === undefined ? [] : [[key, Number(value)]]))
  console.log(`${out}: ${writeModel(kind, out, { ...shape, ...(name !== undefined && { name }) })} bytes`)
}
