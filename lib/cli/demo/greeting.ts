import { ownCommand } from '../npm.ts'
import { nameAndVersion } from '../version.ts'

/** What the demo tells whoever has started it: what it is, three lines to paste, and how to go on. */
export function demoGreeting (url: string, command = ownCommand()): string {
  return `${nameAndVersion} listening at ${url} with its demo, since no --config was given.

Three small models: demo-chat, demo-coder and demo-embed. They are stand-ins that need no GPU and no model file, but
each is a real server process: started by the first request for it, loaded after about a second, and stopped when
another one is asked for. To see it, paste these into another terminal:

  ${chat(url, { model: 'demo-chat', messages: [{ role: 'user', content: 'Hello, who are you?' }] })}

  ${chat(url, { model: 'demo-coder', stream: true, messages: [{ role: 'user', content: 'Write a program.' }] }, ' -N')}

  ${curl(`${url}/v1/embeddings`, { model: 'demo-embed', input: 'A text to turn into a vector' })}

Your own models: ${command} --config config.yaml, with a config.yaml such as

  models:
    qwen:
      cmd: llama-server --port \${PORT} -m qwen.gguf

Ctrl-C ends the demo and its processes.
`
}

function chat (url: string, body: object, flags = ''): string {
  return curl(`${url}/v1/chat/completions`, body, flags)
}

// Quoted: a shell may read the brackets of an IPv6 address, or an apostrophe.
function curl (url: string, body: object, flags = ''): string {
  const address = url.includes('[') ? `'${url}'` : url
  return `curl${flags} ${address} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
}
