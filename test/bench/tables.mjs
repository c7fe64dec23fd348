// A table of the report as data: { name, title, note, columns, rows }, cells as text. Here is how figures are written.

export const met = 'met'
export const missed = '**missed**'

/** What a goal came to; nothing where either side is unknown. */
export function verdict(value, isMet) {
  return Number.isFinite(value) ? (isMet ? met : missed) : ''
}

/** A figure and what it came to against its goal, in one cell. */
export function judged(text, value, isMet) {
  return `${text} ${verdict(value, isMet)}`.trim()
}

export function fixed(value, digits = 2) {
  return Number.isFinite(value) ? value.toFixed(digits) : '-'
}

/** "0.62 (0.58-0.66)" of a spread. */
export function withSpread({ median, least, most }, digits = 2) {
  if (!Number.isFinite(median)) return '-'
  return least === most
    ? fixed(median, digits)
    : `${fixed(median, digits)} (${fixed(least, digits)}-${fixed(most, digits)})`
}

export function perSecond(value) {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-'
}

export function megabytes(bytes) {
  return Number.isFinite(bytes) ? `${Math.round(bytes / 1e6)} MB` : '-'
}

/** Columns padded for a terminal. */
export function asText({ title, note, columns, rows }) {
  const plain = [columns, ...rows].map((row) => row.map((cell) => String(cell).replaceAll('**', '')))
  const widths = columns.map((_, at) => Math.max(...plain.map((row) => row[at].length)))
  const lines = plain.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]))
      .join('  ')
      .trimEnd()
  )
  return ['', title, ...lines, ...(note === undefined ? [] : [note])].join('\n')
}

export function asMarkdown({ title, note, columns, rows }) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  const table = [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
  return [`## ${title}`, ...(note === undefined ? [] : [note]), table].join('\n\n')
}
