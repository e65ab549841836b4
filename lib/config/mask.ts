import type { Config, ModelConfig } from './config.ts'

export type Mask = (text: string) => string

const MASK = '***'
// Shorter ones are hardly secrets, and masking every "1" would leave nothing to read.
const MIN_LENGTH = 4

// Beside the config, not in it, so that they are not printed along with it.
const secretsOf = new WeakMap<Config | ModelConfig, Mask>()

/** Hides secrets wherever they stand in a text. */
export function createMask (secrets: Iterable<string>): Mask {
  // The longest first: one may be a part of another.
  const hidden = [...new Set([...secrets].flatMap(formsOf))].filter((form) => form.length >= MIN_LENGTH).sort((a, b) => b.length - a.length)
  return (text) => hidden.reduce((shown, secret) => shown.replaceAll(secret, MASK), text)
}

// In a command a secret is split like the rest, and loses its quotes and backslashes.
function formsOf (secret: string): string[] {
  const words = secret.trim() === '' ? [] : secret.split(/\s+/)
  return [secret, ...words, ...words.map((word) => word.replace(/["'\\]/g, '')), ...words.map((word) => word.replaceAll('\\', ''))]
}

/** Keeps for a config and its models what hides the secrets that went into it. */
export function keepMask (config: Config, mask: Mask): void {
  for (const owner of [config, ...config.models.values()]) secretsOf.set(owner, mask)
}

/** What hides a config's secrets: API keys, and the values of environment variables with names such as `HF_TOKEN`. For whatever is shown: commands, errors, lines that servers print. */
export function maskOf (owner: Config | ModelConfig): Mask {
  return secretsOf.get(owner) ?? ((text) => text)
}
