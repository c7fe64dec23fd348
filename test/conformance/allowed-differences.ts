// Everything in which the proxy may differ from a plain Redis, each with its reason. A script names what it uses; the
// rest is compared byte for byte.
import type { Allowed } from '../harness/differential.ts'

type Row = { readonly reason: string; readonly same: Allowed }

const rows: Readonly<Record<string, Row>> = {
  unordered: {
    reason: 'hash tables of two processes differ in their seed, and so does the order of what they hold',
    same: (reply) => sorted(reply)
  },
  'pairs-unordered': {
    reason: 'as unordered, where two neighbours belong together',
    same: (reply) => sorted(reply, 2)
  },
  number: {
    reason: 'counts time, memory, bytes or clients of one process',
    same: (reply) => replaced(reply, /\d+/g, '0')
  },
  random: {
    reason: 'drawn by chance',
    same: (reply) => replaced(reply, /\r\n[^\r\n]+\r\n/g, '\r\n?\r\n')
  },
  type: {
    reason: 'a report about the one server process that answered: only its kind of reply is the same',
    same: (reply) => reply.subarray(0, 1)
  },
  id: {
    reason: 'clients have the ids of the proxy, not those of its lanes',
    same: (reply) => replaced(reply, /(\bid\r\n:|^:|\bid=)\d+/g, '$1<id>')
  },
  client: {
    reason: 'ids, addresses, ages and buffers are those of the connection between the client and the proxy',
    same: (reply) =>
      replaced(
        replaced(reply, /^([$=])\d+/, '$1<length>'),
        /\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=[^ ]*/g,
        '$1=?'
      )
  },
  'not-in-multi': {
    reason: 'a transaction cannot change what its lane is for: the proxy answers an error, and EXEC fails',
    same: (reply) =>
      /^(\+QUEUED|-ERR Command not allowed inside a transaction|\*\d|-EXECABORT )/.test(
        reply.toString('latin1')
      )
        ? Buffer.from('queued, or refused')
        : reply
  },
  'hello-name': {
    reason: 'Redis before 7.2 keeps the name of a HELLO that failed; here, as since then, it changes nothing',
    same: (reply) => (/^[$_]/.test(reply.toString('latin1')) ? Buffer.from('a name') : reply)
  },
  stranger: {
    reason: 'who has not authenticated is told so and nothing else, whatever it asked for',
    same: (reply) =>
      /^-(NOAUTH |ERR unknown command|EXECABORT .*NOAUTH )/.test(reply.toString('latin1'))
        ? Buffer.from('not authenticated')
        : reply
  },
  listeners: {
    reason:
      'all listeners of a channel share one subscription at Redis, and what a script counts cannot be corrected',
    same: (reply) => replaced(reply, /^:\d+/, ':<listeners>')
  }
}

export const allowedNames: readonly string[] = Object.keys(rows)

/** What makes the two replies the same. Throws for a name that has no row. */
export function allowedDifferences(name: string, label: string): Allowed {
  const row = rows[name]
  if (row === undefined) throw new Error(`no difference is allowed under the name ${name}: ${label}`)
  return row.same
}

function replaced(reply: Buffer, what: RegExp, by: string): Buffer {
  return Buffer.from(reply.toString('latin1').replace(what, by), 'latin1')
}

/** The elements of the reply in the order of their bytes, `size` neighbours as one. */
function sorted(reply: Buffer, size = 1): Buffer {
  const text = reply.toString('latin1')
  const headEnd = text.indexOf('\r\n') + 2
  const elements = text.slice(headEnd).match(/[$=]\d+\r\n[^]*?\r\n(?=[$=:+,#_*~%]|$)|[^\r\n]*\r\n/g) ?? []
  const groups: string[] = []
  for (let at = 0; at < elements.length; at += size) groups.push(elements.slice(at, at + size).join(''))
  return Buffer.from(text.slice(0, headEnd) + groups.sort().join(''), 'latin1')
}
