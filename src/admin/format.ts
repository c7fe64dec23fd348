// Numbers and states as people read them, for the terminal and for the browser alike. The browser gets the source of
// these functions: they may use their arguments, each other and the language, nothing else of this file or its imports.
import type { FlightRecord, Status } from '../status.ts'

/** `12,345`; rates keep one decimal below 10. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const rounded = value < 10 ? Math.round(value * 10) / 10 : Math.round(value)
  return String(rounded).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `64 KB`, in steps of 1024 as Redis counts. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '-'
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${formatNumber(value)} ${units[unit]}`
}

/** `0.25 ms`, `98 ms`, `1.1 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatSeconds(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '-'
  if (seconds < 0.01) return `${Number((seconds * 1000).toPrecision(2))} ms`
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`
  const whole = Math.floor(seconds)
  if (seconds < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.floor(whole / 60)
  if (seconds < 86400) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`
}

export function formatMs(ms: number | null): string {
  return formatSeconds(ms === null ? null : ms / 1000)
}

/** How things stand, as a word and as how good that is. */
export function stateOf(status: Status): { readonly word: string; readonly mood: 'good' | 'busy' | 'bad' } {
  if (status.proxy.draining) return { word: 'shutting down', mood: 'busy' }
  if (status.proxy.paused) return { word: 'paused', mood: 'busy' }
  if (status.held.count > 0) return { word: 'holding requests', mood: 'busy' }
  return status.proxy.ready ? { word: 'ready', mood: 'good' } : { word: 'not ready', mood: 'bad' }
}

/** What a failover cost, in one line. */
export function costOf(flight: FlightRecord): string {
  const parts = [
    flight.durationMs === null ? 'goes on' : `took ${formatMs(flight.durationMs)}`,
    flight.writeGapMs === null ? '' : `no writes for ${formatMs(flight.writeGapMs)}`,
    `${formatNumber(flight.held)} held`,
    `${formatNumber(flight.replayed)} replayed`,
    `${formatNumber(flight.inDoubt)} in doubt`,
    flight.withheld === 0 ? '' : `${formatNumber(flight.withheld)} replies withheld`
  ]
  return parts.filter((part) => part !== '').join(', ')
}

/** Whether anything was lost, in words. */
export function proofOf(flight: FlightRecord): string {
  if (flight.proof === 'proved') return 'proved: no acknowledged write was lost'
  if (flight.proof === 'unproved') return 'unproved: whether acknowledged writes were lost is not known'
  if (flight.proof === 'lossy')
    return `lossy: ${formatBytes(flight.offsetDifference)} of the old master's history are gone`
  return 'not decided'
}

/** `2026-01-31 12:00:05`, in UTC. */
export function formatInstant(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}
