// Makes a failing random program small: takes parts of it out as long as what is left still fails.
import type { Program, Request, Step } from '../harness/differential.ts'

type Sending = Extract<Step, { kind: 'send' }>
type Piece = { readonly from: Sending; readonly request: Request; readonly label: string }

/** The smallest program found within `ms` that `fails`; `finished` adds the steps that send nothing. */
export async function reduced<P extends Program>(
  program: P,
  fails: (smaller: P) => Promise<boolean>,
  ms: number,
  finished: (steps: readonly Step[]) => readonly Step[] = (steps) => steps
): Promise<P> {
  const deadline = performance.now() + ms
  const rebuilt = (pieces: readonly Piece[]): P => ({ ...program, steps: finished(stepsOf(pieces)) })
  let kept = piecesOf(program)
  if (!(await fails(rebuilt(kept)))) return program
  for (let size = Math.ceil(kept.length / 2); size > 0 && performance.now() < deadline;) {
    const before = kept.length
    for (let at = 0; at < kept.length && performance.now() < deadline;) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)]
      if (await fails(rebuilt(fewer))) kept = fewer
      else at += size
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (kept.length === before) break
  }
  return rebuilt(kept)
}

function piecesOf({ steps }: Program): Piece[] {
  return steps
    .filter((step) => step.kind === 'send')
    .flatMap((from) =>
      from.requests.map((request, index) => ({ from, request, label: labelsOf(from)[index] ?? '' }))
    )
}

/** Pieces of one step leave together again, without its cuts. */
function stepsOf(pieces: readonly Piece[]): Step[] {
  const steps: Sending[] = []
  let last: Sending | undefined
  for (const { from, request, label } of pieces) {
    const open = steps.at(-1)
    if (from === last && open !== undefined) {
      steps[steps.length - 1] = {
        ...open,
        requests: [...open.requests, request],
        label: `${open.label} | ${label}`
      }
    } else steps.push({ kind: 'send', on: from.on, requests: [request], label: `${from.on}: ${label}` })
    last = from
  }
  return steps
}

function labelsOf({ label }: Sending): string[] {
  return label.slice(label.indexOf(': ') + 2).split(' | ')
}
