// How V8 keeps the heap of the proxy: a request is over in a millisecond, and what stays for longer are idle clients.
// The flags are V8's own, set through node:v8 while it runs; figures in docs/adr/0006.
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Both halves of the young generation. V8's own 32 MB are for objects that live longer than a request. */
const MOST_YOUNG_BYTES = 8 * 1024 * 1024
/** So much memory outside the heap are large values on their way. V8 counts it as if marking the heap could free it. */
const LARGE_VALUES_BYTES = 8 * 1024 * 1024
/** In percent; V8 decides by itself where it is 0. */
const SMALL_STEP = 25
const LOOK_MS = 100
/** Large values come and go between two looks. */
const QUIET_LOOKS = 50

/** To be called first: what is loaded before it makes the heap grow by V8's own measure. */
export function keepHeapSmall(): void {
  // Each read of a large request makes V8 mark, too: its helper threads would take the cores from Redis.
  setFlagsFromString('--no-concurrent-marking')
  letYoungGrow(false)
  letOldGrow(false)
}

/** To be called when everything is loaded: from now on the heap grows with the load, and only as far as it helps. */
export function letHeapGrowWithLoad(): void {
  const young = whenChanged(letYoungGrow)
  const old = whenChanged(letOldGrow)
  let quietLooks = QUIET_LOOKS
  const look = setInterval(() => {
    young(youngBytes() < MOST_YOUNG_BYTES)
    quietLooks = getHeapStatistics().external_memory < LARGE_VALUES_BYTES ? quietLooks + 1 : 0
    old(quietLooks < QUIET_LOOKS)
  }, LOOK_MS)
  look.unref()
}

function letYoungGrow(may: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`)
}

function letOldGrow(may: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${may ? 0 : SMALL_STEP}`)
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}

/** Calls `set` only with what is not set already; false is. */
function whenChanged(set: (value: boolean) => void): (value: boolean) => void {
  let last = false
  return (value) => {
    if (value === last) return
    last = value
    set(value)
  }
}
