// Ends child processes when this process is gone, however it went. Knows nothing of what they are.
import { spawn, type ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

const living = new Set<number>()
let guard: Writable | undefined

/** From here on the child does not outlive this process, and not its SIGKILL either. */
export function dieWithParent(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  guard ??= startGuard()
  living.add(pid)
  tell(guard)
  child.once('exit', () => {
    living.delete(pid)
    if (guard !== undefined) tell(guard)
  })
}

// 'exit' is not emitted when a signal ends this process. The guard, a shell in a session of its own, reads the list
// of living children from a pipe; the kernel closes the pipe in every case, and then it ends what is still listed.
function startGuard(): Writable {
  process.once('exit', endAll)
  const shell = spawn(
    'sh',
    ['-c', 'while read -r pids; do last=$pids; done; [ -z "$last" ] || kill -9 $last'],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true
    }
  )
  shell.on('error', ignore)
  shell.stdin.on('error', ignore)
  shell.unref()
  // Pipes of child processes are sockets, which the types do not tell.
  if (shell.stdin instanceof Socket) shell.stdin.unref()
  return shell.stdin
}

// Without a shell only the 'exit' hook is left.
function ignore(): void {}

function tell(stdin: Writable): void {
  stdin.write(`${[...living].join(' ')}\n`)
}

function endAll(): void {
  for (const pid of living) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, and its exit event could not be delivered any more.
    }
  }
}
