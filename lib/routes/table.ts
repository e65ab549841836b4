import type { HTTPMethods } from 'fastify'
import { comfyui, comfyuiRoot } from './comfyui.ts'
import { health } from './health.ts'
import { inference } from './inference.ts'
import { listModels, showModel } from './models.ts'
import { activateProfile, listProfiles } from './profiles.ts'
import { running } from './running.ts'
import { unloadAll, unloadAllByGet, unloadOne } from './unload.ts'
import { upstream } from './upstream.ts'
import { version } from './version.ts'
import type { Route } from './route.ts'

const ANY: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The whole HTTP surface, llama-swap's. HEAD goes with every GET. `sentAs` is the path that the server sees, where it is another. */
export const table: readonly Route[] = [
  { method: 'POST', path: '/v1/chat/completions', model: 'body', protocol: 'chat', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/responses', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/completions', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/messages', model: 'body', protocol: 'anthropic', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/messages/count_tokens', model: 'body', protocol: 'anthropic', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/embeddings', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/reranking', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/rerank', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/rerank', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/reranking', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/infill', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/completion', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/audio/speech', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/audio/voices', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/audio/transcriptions', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/images/generations', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/v1/images/edits', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/sdapi/v1/txt2img', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/sdapi/v1/img2img', model: 'body', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'POST', path: '/audioapi/v1/tasks/run', model: 'body', protocol: 'openai', family: 'inference', handler: inference, sentAs: '/v1/tasks/run' },
  { method: 'POST', path: '/v/chat/completions', model: 'body', protocol: 'chat', family: 'inference', handler: inference, sentAs: '/chat/completions' },
  { method: 'POST', path: '/v/responses', model: 'body', protocol: 'openai', family: 'inference', handler: inference, sentAs: '/responses' },
  { method: 'POST', path: '/v/completions', model: 'body', protocol: 'openai', family: 'inference', handler: inference, sentAs: '/completions' },
  { method: 'POST', path: '/v/messages', model: 'body', protocol: 'anthropic', family: 'inference', handler: inference, sentAs: '/messages' },
  { method: 'POST', path: '/v/messages/count_tokens', model: 'body', protocol: 'anthropic', family: 'inference', handler: inference, sentAs: '/messages/count_tokens' },
  { method: 'POST', path: '/v/embeddings', model: 'body', protocol: 'openai', family: 'inference', handler: inference, sentAs: '/embeddings' },
  { method: 'POST', path: '/v/rerank', model: 'body', protocol: 'openai', family: 'inference', handler: inference, sentAs: '/rerank' },
  { method: 'POST', path: '/v/reranking', model: 'body', protocol: 'openai', family: 'inference', handler: inference, sentAs: '/reranking' },
  { method: 'GET', path: '/v1/audio/voices', model: 'query', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'GET', path: '/sdapi/v1/loras', model: 'query', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'GET', path: '/props', model: 'query', protocol: 'openai', family: 'inference', handler: inference },
  { method: 'GET', path: '/v1/models', model: 'none', protocol: 'openai', family: 'inference', handler: listModels, does: 'the models, as OpenAI lists them' },
  { method: 'GET', path: '/models', model: 'none', protocol: 'openai', family: 'inference', handler: listModels, does: 'the models, as OpenAI lists them' },
  { method: 'GET', path: '/v1/models/*', model: 'path', protocol: 'openai', family: 'inference', handler: showModel, does: 'one of the models' },
  { method: ANY, path: '/upstream/*', model: 'path', protocol: 'plain', family: 'upstream', handler: upstream, does: 'proxies `/upstream/<model>/<path>` to `<path>` of that model' },
  { method: ANY, path: '/comfyui', model: 'none', protocol: 'plain', family: 'upstream', handler: comfyuiRoot, does: 'redirects to `/comfyui/`' },
  { method: ANY, path: '/comfyui/*', model: 'none', protocol: 'plain', family: 'upstream', handler: comfyui, does: 'proxies to the model `comfyui_auto`; only `/comfyui/` starts it' },
  { method: 'GET', path: '/running', model: 'none', protocol: 'plain', family: 'admin', handler: running, does: 'what runs, by which command' },
  { method: 'POST', path: '/api/models/unload', model: 'none', protocol: 'plain', family: 'admin', handler: unloadAll, does: 'stops all models' },
  { method: 'POST', path: '/api/models/unload/*', model: 'path', protocol: 'plain', family: 'admin', handler: unloadOne, does: 'stops one model' },
  { method: 'GET', path: '/unload', model: 'none', protocol: 'plain', family: 'compat', handler: unloadAllByGet, does: 'stops all models' },
  { method: 'GET', path: '/api/profiles', model: 'none', protocol: 'plain', family: 'admin', handler: listProfiles, does: 'the profiles, and which one is active' },
  { method: 'PUT', path: '/api/profiles/active', model: 'none', protocol: 'plain', family: 'admin', handler: activateProfile, does: 'makes a profile the active one' },
  { method: 'GET', path: '/api/version', model: 'none', protocol: 'plain', family: 'admin', handler: version, does: 'the version of this package' },
  { method: 'GET', path: '/health', model: 'none', protocol: 'plain', family: 'health', handler: health, does: '`OK`' },
  { method: 'GET', path: '/wol-health', model: 'none', protocol: 'plain', family: 'health', handler: health, does: '`OK`' }
]
