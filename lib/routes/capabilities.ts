import type { Capabilities, ModelConfig } from '../config/config.ts'

const CAPABILITY_KEYS = ['architecture', 'capabilities', 'supported_parameters', 'context_length']

/** What a model can do, and its metadata, as llama-swap lists them. What the config says by `capabilities` goes before the same in `metadata`. */
export function describeCapabilities (capabilities: Capabilities | undefined, metadata: ModelConfig['metadata'], own: object): { more?: object, meta: object } {
  if (capabilities === undefined) return { meta: { ...metadata, ...own } }
  const { in: reads, out: writes, tools, reranker, context } = capabilities
  const flags = {
    vision: reads.includes('image'),
    audio_transcriptions: reads.includes('audio') && writes.includes('text'),
    audio_speech: reads.includes('text') && writes.includes('audio'),
    image_generation: reads.includes('text') && writes.includes('image'),
    image_to_image: reads.includes('image') && writes.includes('image'),
    function_calling: tools,
    reranker
  }
  const set = Object.fromEntries(Object.entries(flags).filter(([, value]) => value))
  const rest = Object.fromEntries(Object.entries(metadata ?? {}).filter(([key]) => !CAPABILITY_KEYS.includes(key)))
  return {
    meta: { ...rest, ...own },
    more: {
      ...((reads.length > 0 || writes.length > 0) && { architecture: architecture(reads, writes) }),
      ...(Object.keys(set).length > 0 && { capabilities: set }),
      ...(tools && { supported_parameters: ['tools', 'tool_choice'] }),
      ...(context > 0 && { context_length: context, meta: { n_ctx: context } })
    }
  }
}

function architecture (reads: readonly string[], writes: readonly string[]): object {
  return {
    ...(reads.length > 0 && { input_modalities: reads }),
    ...(writes.length > 0 && { output_modalities: writes }),
    ...(reads.length > 0 && writes.length > 0 && { modality: `${reads.join('+')}->${writes.join('+')}` })
  }
}
