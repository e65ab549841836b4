// The house of docs/architecture.md as a lint rule: nothing imports upward, and each dependency has one owner.
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

// Top to bottom. What shares an entry is one layer.
const layers = [
  ['lib/cli'],
  ['index.ts'],
  ['lib/routes'],
  ['lib/proxy'],
  ['lib/manager'],
  ['lib/scheduler'],
  ['lib/model'],
  ['lib/launcher'],
  ['lib/names'],
  ['lib/body'],
  ['lib/protocol'],
  ['lib/config'],
  ['lib/options.ts', 'lib/errors.ts', 'lib/events.ts', 'lib/clock.ts']
]
const owners = new Map([
  ['@fastify/error', 'lib/errors.ts'],
  ['@fastify/reply-from', 'lib/proxy'],
  ['ajv', 'lib/config'],
  ['execa', 'lib/launcher/local'],
  ['fastify-plugin', 'index.ts'],
  ['undici', 'lib/model'],
  ['re2js', 'lib/config'],
  ['yaml', 'lib/config']
])
// What the package is called from outside must not be a way around the rule.
const ownNames = new Map([['fastify-llama-swap', 'index.ts'], ['fastify-llama-swap/testing', 'lib/testing/index.ts']])

const flow = layers.map((layer) => layer.map((place) => place.replace(/^lib\/(.*?)(\.ts)?$/, '$1')).join(', ')).join(' -> ')

/** @type {import('eslint').Rule.RuleModule} */
export const layersRule = {
  meta: {
    type: 'problem',
    docs: { description: 'nothing imports upward, and each dependency has one owner' },
    schema: [],
    messages: {
      upward: `{{from}} must not import {{to}}: data flows down ${flow}, and answers flow back up`,
      unknown: `{{to}} has no place in the house: give it one in .ci/lint/layers.js and docs/architecture.md. Data flows down ${flow}`,
      outside: '{{from}} must not import {{to}}: what is published is index.ts, lib and types, and they import nothing else of the repository',
      types: '{{from}} must not import {{to}}: everybody may import types, so they lie beneath all data flow and import only each other',
      typesForeign: '{{from}} must not import {{to}}: types hold no code and import only types, with `import type`: each other\'s, and those of node, fastify and undici',
      fromTesting: '{{from}} must not import {{to}}: it stands beside the data flow and imports nothing of lib or index.ts, only types',
      toTesting: '{{from}} must not import {{to}}: it stands beside the data flow, for tests, and nothing imports it',
      owner: '{{from}} must not import {{to}}: each dependency has one owner, and this one is {{owner}}\'s{{typesToo}}'
    }
  },

  create (context) {
    const file = toPath(context.filename)
    const from = placeOf(file)

    function check (source, typeOnly) {
      const specifier = literal(source)
      if (specifier === undefined) return
      const report = (messageId, to, more) => context.report({ node: source, messageId, data: { from, to, ...more } })
      const path = specifier.startsWith('.') ? toPath(resolve(dirname(context.filename), specifier)) : ownNames.get(specifier)
      if (path !== undefined) return checkPlace(from, placeOf(path), report)

      const name = isBuiltin(specifier) ? 'node' : packageOf(specifier)
      if (from === 'types') {
        if (!typeOnly || !['node', 'fastify', 'undici'].includes(name)) report('typesForeign', specifier)
        return
      }
      const owner = owners.get(name)
      if (owner === undefined || file === owner || file.startsWith(owner + '/')) return
      const typesToo = name === 'undici' ? ' (`import type` is free for all)' : ''
      if (!typeOnly || !typesToo) report('owner', specifier, { owner, typesToo })
    }

    return {
      Program (node) {
        if (from.startsWith('lib') && from !== 'lib/testing' && layerOf(from) < 0) context.report({ node, messageId: 'unknown', data: { to: from } })
      },
      ImportDeclaration: (node) => check(node.source, node.importKind === 'type'),
      ExportNamedDeclaration: (node) => check(node.source, node.exportKind === 'type'),
      ExportAllDeclaration: (node) => check(node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node.source, false),
      TSImportType: (node) => check(node.source ?? node.argument, true)
    }
  }
}

function checkPlace (from, to, report) {
  if (to === 'types' || from === to || to === 'package.json') return
  if (from === 'types') return report('types', to)
  if (from === 'lib/testing') return report('fromTesting', to)
  if (to === 'lib/testing') return report('toTesting', to)
  if (to !== 'index.ts' && !to.startsWith('lib/')) return report('outside', to)
  if (layerOf(to) < 0) return report('unknown', to)
  if (layerOf(to) < layerOf(from)) report('upward', to)
}

const layerOf = (place) => layers.findIndex((layer) => layer.includes(place))
const toPath = (path) => relative(root, path).split(sep).join('/')
const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** `lib/model/pool.ts` is in `lib/model`, `lib/errors.ts` in itself. */
function placeOf (path) {
  const [top, second = ''] = path.split('/')
  if (top === 'lib') return second === '' ? top : `${top}/${second.replace(/\.js$/, '.ts')}`
  return top === 'types' ? top : path
}

/** The text of a string or of a template without holes. Anything computed is out of reach. */
function literal (node) {
  if (node?.type === 'TSLiteralType') return literal(node.literal)
  if (node?.type === 'TemplateLiteral') return node.expressions.length === 0 ? node.quasis[0].value.cooked : undefined
  return typeof node?.value === 'string' ? node.value : undefined
}
