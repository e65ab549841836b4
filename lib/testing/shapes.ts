/** The kinds of answer; `echo` is for all paths without a shape of their own. */
export type Shape = 'chat' | 'completion' | 'responses' | 'messages' | 'tokens' | 'embeddings' | 'rerank' | 'transcription' | 'speech' | 'images' | 'echo'

/** The paths with a shape of their own. */
export const shapes: Readonly<Record<string, Shape>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completion',
  '/v1/responses': 'responses',
  '/v1/messages': 'messages',
  '/v1/messages/count_tokens': 'tokens',
  '/v1/embeddings': 'embeddings',
  '/v1/rerank': 'rerank',
  '/v1/audio/transcriptions': 'transcription',
  '/v1/audio/speech': 'speech',
  '/v1/images/generations': 'images'
}

// Those whose model a gateway finds in the query.
const gets = new Set(['/props', '/v1/audio/voices', '/sdapi/v1/loras'])

const streaming = new Set<Shape>(['chat', 'completion', 'responses', 'messages', 'echo'])

/** The shape of the answer for any path. */
export function shapeOf (path: string): Shape {
  return shapes[path] ?? 'echo'
}

/** Whether a request is work for the model, and not a probe or for one of the upstream's own pages. */
export function isWork (method: string, path: string): boolean {
  return method === 'POST' || isEcho(path) || (['GET', 'HEAD'].includes(method) && gets.has(path))
}

/** Whether the answer can be an event stream. */
export function canStream (shape: Shape, path: string): boolean {
  return streaming.has(shape) && !isEcho(path)
}

function isEcho (path: string): boolean {
  return path.startsWith('/echo/')
}
