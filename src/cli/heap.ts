// How V8 keeps the heap of the proxy: a request is over in a millisecond, and what stays for longer are idle clients.
// The flags are V8's own, set through node:v8 while it runs; figures in docs/adr/0006.
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Both halves of the young generation. V8's own 32 MB are for objects that live longer than a request. */
const MOST_YOUNG_BYTES = 8 * 1024 * 1024
/** So much memory outside the heap are large values on their way. V8 counts it as if marking the heap could free it. */
const LARGE_VALUES_BYTES = 8 * 1024 * 1024
/** V8 marks when the heap and the memory outside it have grown by so much, in percent of the heap. */
const SMALL_STEP = 25
/** What large values may take before V8 marks: it frees them without that, too, as soon as they are 32 MB. */
const LARGE_STEP_BYTES = 64 * 1024 * 1024
const LOOK_MS = 100
/** Large values come and go between two looks. */
const QUIET_LOOKS = 50

/** To be called first: what is loaded before it makes the heap grow by V8's own measure. */
export function keepHeapSmall(): void {
  // Each read of a large request makes V8 mark, too: its helper threads would take the cores from Redis.
  setFlagsFromString('--no-concurrent-marking')
  letYoungGrow(false)
  setStep(SMALL_STEP)
}

/** To be called when everything is loaded: from now on the heap grows with the load, and only as far as it helps. */
export function letHeapGrowWithLoad(): void {
  const letYoung = whenChanged<boolean>(false, letYoungGrow)
  const step = whenChanged<number>(SMALL_STEP, setStep)
  let quietLooks = QUIET_LOOKS
  const look = setInterval(() => {
    const { used_heap_size: usedBytes, external_memory: externalBytes } = getHeapStatistics()
    letYoung(youngBytes() < MOST_YOUNG_BYTES)
    quietLooks = externalBytes < LARGE_VALUES_BYTES ? quietLooks + 1 : 0
    step(quietLooks < QUIET_LOOKS ? 100 * Math.ceil(LARGE_STEP_BYTES / usedBytes) : SMALL_STEP)
  }, LOOK_MS)
  look.unref()
}

function letYoungGrow(may: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`)
}

function setStep(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`)
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}

/** Calls `set` only with what is not set already. */
function whenChanged<T>(first: T, set: (value: T) => void): (value: T) => void {
  let last = first
  return (value) => {
    if (value === last) return
    last = value
    set(value)
  }
}
