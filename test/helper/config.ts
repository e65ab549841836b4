// Loads configs from text, files or objects, and tells what was wrong with them without the folder's name.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../lib/config/load.ts'
import type { ConfigSource, Loaded, LoadOptions } from '../../lib/config/load.ts'
import type { ModelConfig } from '../../lib/config/config.ts'
import type { LlamaSwapError } from '../../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'fastify-llama-swap-config-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** The path of a file of that text. */
export function fileOf (text: string | Uint8Array): string {
  const directory = mkdtempSync(join(folder, `${count++}-`))
  const path = join(directory, 'c.yaml')
  writeFileSync(path, text)
  return path
}

/** The path of a directory of those files. */
export function directoryOf (files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(folder, `${count++}-`))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}

export function loadYaml (text: string, options?: LoadOptions): Promise<Loaded> {
  return loadConfig(fileOf(text), options)
}

/** The model `a` of a YAML text. */
export async function modelOf (text: string, options?: LoadOptions): Promise<ModelConfig> {
  return (await loadYaml(text, options)).config.models.get('a')!
}

/** Warnings without the folder, and without those on keys that have no effect yet. */
export async function warningsOf (source: ConfigSource, options?: LoadOptions): Promise<string[]> {
  const { warnings } = await loadConfig(source, options)
  return warnings.map(shorten).filter((warning) => !warning.endsWith('has no effect yet'))
}

export function yamlWarnings (text: string, options?: LoadOptions): Promise<string[]> {
  return warningsOf(fileOf(text), options)
}

/** What is wrong with a config, one problem a line, without the folder. Fails when nothing is. */
export async function problemsOf (source: unknown, options?: LoadOptions): Promise<string[]> {
  const error = await loadConfig(source as ConfigSource, options).then(() => undefined, (error: LlamaSwapError) => error)
  if (error === undefined) throw new Error('the config was accepted')
  if (error.code !== 'FST_LS_CONFIG' || error.statusCode !== 500) throw error
  return shorten(error.detail!).split('\n')
}

export function yamlProblems (text: string | Uint8Array, options?: LoadOptions): Promise<string[]> {
  return problemsOf(fileOf(text), options)
}

/** A YAML text with one model `a`, that has these further lines. */
export function yamlModel (...lines: string[]): string {
  return ['models:', '  a:', '    cmd: server ${PORT}', ...lines.map((line) => `    ${line}`), ''].join('\n')
}

function shorten (text: string): string {
  return text.replaceAll(new RegExp(`${folder}/[^/ ]*/`, 'g'), '').replaceAll(new RegExp(`${folder}/[^/ :,;]*`, 'g'), 'DIR')
}
