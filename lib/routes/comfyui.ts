import type { LocalTarget } from '../names/target.ts'
import { errors } from '../errors.ts'
import { admit } from './admit.ts'
import { cutMount } from './mount.ts'
import { redirectToDirectory } from './redirect.ts'
import type { Handler } from './route.ts'

const MODEL = 'comfyui_auto'
const target: LocalTarget = { kind: 'local', model: MODEL, name: MODEL }

export const comfyuiRoot: Handler = (_context, request, reply) => redirectToDirectory(request, reply)

/** Proxies to ComfyUI's page, which is the model `comfyui_auto`. Only the page itself starts it: a forgotten tab asks for the rest for ever. */
export const comfyui: Handler = ({ manager, proxy, mount, options }, request, reply, { protocol }) => {
  const { path, query } = cutMount(request, mount)
  if (!options.anyUpstreamPath) throw new errors.PathNotAllowed(`/comfyui${path}`)
  if (!manager.config.models.has(MODEL)) throw new errors.ModelNotFound(MODEL)
  return proxy.serve(request, reply, {
    protocol,
    plan: (body) => admit(options.admit, request, { action: 'request', model: MODEL }, (terms) => {
      if (path !== '/' && manager.stateOf(MODEL) !== 'ready') throw new errors.ModelNotLoaded(MODEL, 'only /comfyui/ can start it')
      return { target, path: path + query, body, ...terms }
    })
  })
}
