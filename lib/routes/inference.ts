import { ModelScanner } from '../body/model-scanner.ts'
import { errors } from '../errors.ts'
import type { Manager } from '../manager/manager.ts'
import type { Handler } from './route.ts'

/** Proxies to the model that the JSON body names, on the same path. */
export const inference: Handler = ({ manager, proxy, mount }, request, reply, { protocol }) => {
  const scanner = new ModelScanner()
  proxy.serve(request, reply, { protocol, path: request.raw.url!.slice(mount.length), scanner, model: () => findModel(manager, scanner) })
}

const SHOWN_NAME = 200

function findModel (manager: Manager, scanner: ModelScanner): string {
  const result = scanner.result()
  switch (result.kind) {
    case 'notJson': throw new errors.BodyNotJson()
    case 'malformed': throw new errors.BodyMalformed(result.what)
    case 'ambiguous': throw new errors.ModelAmbiguous()
    case 'missing': throw new errors.ModelMissing()
  }
  const target = manager.names.get(result.model)
  if (target === undefined) throw new errors.ModelNotFound(result.model.slice(0, SHOWN_NAME))
  return target.model
}
