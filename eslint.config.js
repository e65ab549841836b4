import neostandard from 'neostandard'
import { layersRule } from './.ci/lint/layers.js'

export default [
  ...neostandard({ ts: true, ignores: ['dist/', '.tap/', '.cache/', 'node_modules/'] }),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // `${PORT}` in a plain string is llama-swap's macro, not a forgotten template.
      'no-template-curly-in-string': 'off',
      // `void promise` says that nobody waits for it, on purpose.
      'no-void': ['error', { allowAsStatement: true }]
    }
  },
  {
    name: 'house',
    files: ['index.ts', 'lib/**/*.ts', 'types/**/*.ts'],
    ignores: ['types/**/*.tst.ts'],
    plugins: { house: { rules: { layers: layersRule } } },
    rules: { 'house/layers': 'error' }
  },
  {
    // A name is the same wherever it is used; only the plugin has a default export, as Fastify expects.
    name: 'house/names',
    files: ['lib/**/*.ts'],
    rules: {
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }]
    }
  }
]
