import type { Events } from '../types/events.ts'

type Listener<K extends keyof Events> = (event: Events[K]) => void

/** The typed bus. A listener that throws is reported and disturbs neither the others nor the emitter. */
export interface Bus {
  on<K extends keyof Events> (name: K, listener: Listener<K>): () => void
  emit<K extends keyof Events> (name: K, event: Events[K]): void
}

export function createBus (onListenerError: (error: unknown, event: string) => void): Bus {
  const listeners: { [K in keyof Events]: Set<Listener<K>> } = { state: new Set(), swap: new Set(), request: new Set(), log: new Set(), config: new Set() }
  return {
    on (name, listener) {
      listeners[name].add(listener)
      return () => { listeners[name].delete(listener) }
    },
    emit (name, event) {
      for (const listener of listeners[name]) {
        try {
          listener(event)
        } catch (error) {
          onListenerError(error, name)
        }
      }
    }
  }
}
