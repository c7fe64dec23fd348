// What the admin server needs of the proxy. It holds nothing of its own.
import type { Status } from '../status.ts'

export type ReadyCheck = {
  readonly name: string
  readonly ok: boolean
  /** Why, in a few words for who reads the probe's answer. */
  readonly detail: string
}

export type Readiness = { readonly ready: boolean; readonly checks: readonly ReadyCheck[] }

/** `done: false` is an answer too: the request was understood and cannot be met as things stand (409). */
export type ActionResult = { readonly done: boolean; readonly message: string }

export const ACTIONS = ['pause', 'resume', 'switchover', 'reload'] as const
export type ActionName = (typeof ACTIONS)[number]

/** Resolves when it is done or cannot be; what it throws is answered as a fault of the proxy (500). */
export type Action = () => Promise<ActionResult>

export type AdminSource = {
  readonly status: () => Status
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
  readonly ready: () => Readiness
  /** What is left out answers 404. */
  readonly actions: { readonly [Name in ActionName]?: Action | undefined }
}
