// What the kernel says of a process: CPU time and memory. Linux only.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

// USER_HZ is 100 on every Linux that Node runs on.
const microsPerTick = 10_000

/** CPU time of all threads so far, user and system, in microseconds. NaN once the process has ended. */
export function cpuMicros(pid) {
  const nanos = threadsOf(pid).map((thread) =>
    Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0])
  )
  const sum = nanos.reduce((all, some) => all + some, 0)
  return sum > 0 ? sum / 1000 : ticksOf(pid) * microsPerTick
}

// A tick is 10 ms, which is much beside a short measurement; schedstat, in nanoseconds, is not in every kernel.
function ticksOf(pid) {
  const stat = read(`/proc/${pid}/stat`)
  // The name in brackets may hold spaces; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Resident memory in bytes. */
export function rss(pid) {
  return statusKilobytes(pid, 'VmRSS') * 1024
}

/** Files and sockets that it has open. */
export function openFiles(pid) {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** The most resident memory since the last resetPeakRss, in bytes. */
export function peakRss(pid) {
  return statusKilobytes(pid, 'VmHWM') * 1024
}

export function resetPeakRss(pid) {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Not permitted in some containers: the peak then is that of the whole life.
  }
}

/** Most files this process and its children may open. */
export function openFilesLimit() {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(read('/proc/self/limits')) ?? []
  return soft === 'unlimited' ? Infinity : Number(soft)
}

function statusKilobytes(pid, field) {
  const [, value] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/status`)) ?? []
  return Number(value)
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
