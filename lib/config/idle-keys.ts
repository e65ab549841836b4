/**
 * The keys of llama-swap's that are read and checked and do nothing yet; `*` stands for a name of the operator's own.
 * Whatever acts on one takes it out of here; docs/config.md is checked against it.
 */
export const idleKeys: readonly string[] = [
  'logTimeFormat', 'logToStdout', 'logRequests', 'metricsMaxInMemory', 'captureBuffer', 'store', 'ui', 'performance',
  'models.*.healthCheckTimeout'
]
