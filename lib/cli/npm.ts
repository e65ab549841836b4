/** Whether npm or npx has started this command, by way of a shell. */
export function startedByNpm ({ npm_lifecycle_script: script = '' }: NodeJS.ProcessEnv = process.env): boolean {
  // The variable reaches everything below a script of npm: only one that names us was meant to start us.
  return /fastify-llama-swap|cli\/main\.js/.test(script)
}

/** The words that start this command again, as it was started. */
export function ownCommand (environment: NodeJS.ProcessEnv = process.env): string {
  const { npm_lifecycle_event: event } = environment
  if (event === 'start' && startedByNpm(environment)) return 'npm start --'
  return event === 'npx' && startedByNpm(environment) ? 'npx fastify-llama-swap' : 'fastify-llama-swap'
}
