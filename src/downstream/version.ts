// Compares versions of Redis. Valkey reports the version of Redis that it stands for.

/** Whether a version such as `7.2.4` is this one or a later one. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
