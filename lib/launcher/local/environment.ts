/** What a server needs of its parent's environment; everything else (a host's database password) stays with the parent. `*` stands for any rest. */
export const DEFAULT_INHERITED: readonly string[] = [
  'PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_*', 'TZ', 'TMPDIR', 'TEMP', 'TMP', 'XDG_*',
  'SystemRoot', 'SystemDrive', 'ComSpec', 'PATHEXT', 'WINDIR', 'APPDATA', 'LOCALAPPDATA', 'USERPROFILE', 'ProgramData', 'ProgramFiles',
  'LD_LIBRARY_PATH', 'DYLD_*', 'CUDA_*', 'NVIDIA_*', 'HIP_*', 'ROCR_*', 'HSA_*', 'GGML_*', 'LLAMA_ARG_*', 'VLLM_*',
  'HF_*', 'HUGGINGFACE_*', 'OMP_*', 'MKL_*'
]

/** The part of an environment that servers inherit. Names are compared without case on Windows, as it does. */
export function inheritedEnvironment (
  environment: NodeJS.ProcessEnv, allowed: readonly string[] | true, platform: NodeJS.Platform = process.platform
): NodeJS.ProcessEnv {
  if (allowed === true) return { ...environment }
  const fold = (name: string): string => platform === 'win32' ? name.toLowerCase() : name
  const exact = new Set(allowed.filter((name) => !name.endsWith('*')).map(fold))
  const prefixes = allowed.filter((name) => name.endsWith('*')).map((name) => fold(name.slice(0, -1)))
  return Object.fromEntries(Object.entries(environment).filter(([name]) => {
    const folded = fold(name)
    return exact.has(folded) || prefixes.some((prefix) => folded.startsWith(prefix))
  }))
}

/** Adds a model's `NAME=value` pairs; the last one of a name wins, on Windows in whatever case it is written. */
export function withPairs (environment: NodeJS.ProcessEnv, pairs: readonly string[], platform: NodeJS.Platform = process.platform): NodeJS.ProcessEnv {
  const merged = { ...environment }
  for (const pair of pairs) {
    const end = pair.indexOf('=')
    const name = pair.slice(0, end)
    // Of two spellings Node would hand down the first in the alphabet.
    if (platform === 'win32') for (const other of Object.keys(merged)) if (other.toLowerCase() === name.toLowerCase()) delete merged[other]
    merged[name] = pair.slice(end + 1)
  }
  return merged
}
