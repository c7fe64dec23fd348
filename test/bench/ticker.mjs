// A clock that ticks more than once a millisecond, which Node's timers do not: this thread sleeps to the next tick and
// wakes the load generator.
import { parentPort, workerData } from 'node:worker_threads'

const { startNs, intervalNs } = workerData
const cell = new Int32Array(new SharedArrayBuffer(4))

for (let tick = 0; ; tick += 1) {
  const waitMs = (startNs + tick * intervalNs - Number(process.hrtime.bigint())) / 1e6
  if (waitMs > 0) Atomics.wait(cell, 0, 0, waitMs)
  parentPort.postMessage(tick)
}
