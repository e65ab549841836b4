// tap makes every Node child load its own modules, which costs 200 ms a start and changes the environment. Ours must be as in life.
interface Hook { listeners: unknown[] }

const hook = (globalThis as unknown as Record<symbol, Hook | undefined>)[Symbol.for('process-on-spawn@*:singletonId')]
if (hook !== undefined) hook.listeners.length = 0
