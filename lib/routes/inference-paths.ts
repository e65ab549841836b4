import type { Route } from './route.ts'
import { table } from './table.ts'

let routes: ReadonlyMap<string, Route> | undefined

/** The inference route that a server answers on this method and path, if it is one. */
export function inferenceRoute (method: string, path: string): Route | undefined {
  // Made at the first use: the table names the handlers that ask.
  routes ??= new Map(table.filter(({ family, model }) => family === 'inference' && (model === 'body' || model === 'query')).flatMap((route) => (
    (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method].flat()).map((method): [string, Route] => [`${method} ${route.path}`, route])
  )))
  return routes.get(`${method} ${path}`)
}
