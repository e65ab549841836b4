import { anyMap, texts } from './parts.ts'
import type { Schema } from './schema.ts'

export const selectorsSchema = {
  type: 'object',
  description: 'Names that stand for one of several models, chosen for each request.',
  examples: [{ any: { strategy: 'warm', targets: ['qwen', 'gemma'] } }],
  additionalProperties: {
    type: 'object',
    required: ['strategy', 'targets'],
    properties: {
      strategy: { type: 'string', enum: ['warm', 'pin', 'spillover'], description: '"pin": the first target. "warm": the first that is ready, else the first that is starting, else the first. "spillover": a running one with room, else one more is started, else the least busy.', examples: ['warm'] },
      targets: { ...texts, minItems: 1, description: 'Models by id, alias or, except for "warm", a peer\'s.', examples: [['qwen', 'gemma']] },
      settings: {
        type: 'object',
        description: 'Settings of the strategies.',
        properties: {
          spillover: { type: 'integer', minimum: 1, default: 1, description: 'How many requests a target takes before the next one is used.', examples: [2] }
        }
      },
      name: { type: 'string', default: '', description: 'Shown in /v1/models.', examples: ['Any'] },
      description: { type: 'string', default: '', description: 'Shown in /v1/models.', examples: ['whichever is loaded'] },
      unlisted: { type: 'boolean', default: false, description: 'Leaves it out of /v1/models; it can be asked for all the same.', examples: [true] },
      metadata: { ...anyMap, description: 'Anything; shown in /v1/models under meta.llamaswap.', examples: [{ tier: 1 }] }
    }
  }
} as const satisfies Schema

export const profilesSchema = {
  type: 'object',
  description: 'Sets of names that mean other models while the profile is active.',
  examples: [{ small: { pins: { 'gpt-4o': 'qwen' } } }],
  additionalProperties: {
    type: 'object',
    required: ['pins'],
    properties: {
      description: { type: 'string', default: '', description: 'Shown with the profile.', examples: ['when the big one is away'] },
      pins: { type: 'object', minProperties: 1, additionalProperties: { type: ['string', 'null'] }, description: 'The name as a client sends it -> the model, alias, peer model or selector that it means; empty or null: the name is unknown.', examples: [{ 'gpt-4o': 'qwen' }] }
    }
  }
} as const satisfies Schema
