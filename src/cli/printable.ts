// What comes from the network or a file must not steer the operator's terminal.

/** One line: every run of control characters is one blank. */
export function printable(line: string): string {
  return line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+\s*/gu, ' ').trimEnd()
}
