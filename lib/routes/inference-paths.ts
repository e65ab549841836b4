import { table } from './table.ts'

let paths: ReadonlySet<string> | undefined

/** Whether method and path are those of an inference route that a server answers. */
export function isInferencePath (method: string, path: string): boolean {
  // Made at the first use: the table names the handlers that ask.
  paths ??= new Set(table.filter(({ family, model }) => family === 'inference' && model !== 'none' && model !== 'path')
    .flatMap(({ method, path }) => method === 'GET' ? [`GET ${path}`, `HEAD ${path}`] : [`${method as string} ${path}`]))
  return paths.has(`${method} ${path}`)
}
