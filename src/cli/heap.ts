// How V8 keeps the heap of the proxy, which is small and short-lived: what it holds for longer are idle clients.
// The flags are V8's own, set by node:v8 before the program loads the rest of itself; figures in docs/adr/0006.
import { setFlagsFromString } from 'node:v8'

const flags = [
  // Each read of a large request is memory outside the heap, which makes V8 mark all the time: its helper threads then
  // take the cores from Redis.
  '--no-concurrent-marking',
  // A young generation of 1 MB stays in the processor's cache; a request is over long before it is full.
  '--semi-space-growth-factor=1',
  // The heap grows by a quarter at a time instead of by half and more.
  '--heap-growing-percent=25'
]

/** To be called first: what is loaded before it makes the heap grow by V8's own measure. */
export function keepHeapSmall(): void {
  for (const flag of flags) setFlagsFromString(flag)
}
