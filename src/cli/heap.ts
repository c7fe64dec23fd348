// How V8 keeps the heap of the proxy: a request is over in a millisecond, and what stays for longer are idle clients.
// The flags are V8's own, set through node:v8 while it runs; figures in docs/adr/0006.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const flags = [
  // Each read of a large request is memory outside the heap, which makes V8 mark all the time: its helper threads then
  // take the cores from Redis.
  '--no-concurrent-marking',
  // The heap grows by a quarter at a time instead of by half and more.
  '--heap-growing-percent=25'
]

/** Both halves of the young generation. V8's own 32 MB are for objects that live longer than a request. */
const MOST_YOUNG_BYTES = 8 * 1024 * 1024
const LOOK_MS = 100

/** To be called first: what is loaded before it makes the heap grow by V8's own measure. */
export function keepHeapSmall(): void {
  for (const flag of flags) setFlagsFromString(flag)
  mayYoungGrow(false)
}

/** To be called when everything is loaded: from now on the young generation grows with the load, as far as it may. */
export function letYoungGenerationGrow(): void {
  let mayGrow = false
  const look = setInterval(() => {
    const isSmall = youngBytes() < MOST_YOUNG_BYTES
    if (isSmall === mayGrow) return
    mayGrow = isSmall
    mayYoungGrow(mayGrow)
  }, LOOK_MS)
  look.unref()
}

function mayYoungGrow(mayGrow: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`)
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}
