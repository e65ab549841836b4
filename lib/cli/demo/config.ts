import { fileURLToPath } from 'node:url'
import type { ConfigInput, ModelInput } from '../../../index.ts'

/** The demo's config, as an operator would write it: three models, each a real server process. */
export function demoConfig (): ConfigInput {
  return {
    models: {
      'demo-chat': demoModel('chat', 'Repeats your words, kindly'),
      'demo-coder': demoModel('coder', 'Puts your words into a program'),
      'demo-embed': demoModel('embed', 'Turns texts into vectors; the more words they share, the closer')
    }
  }
}

function demoModel (role: string, description: string): ModelInput {
  const server = fileURLToPath(new URL('./server.js', import.meta.url))
  return {
    cmd: `${quote(process.execPath)} ${quote(server)} --port \${PORT} --model \${MODEL_ID} --role ${role}`,
    proxy: 'http://127.0.0.1:${PORT}',
    description
  }
}

function quote (word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
