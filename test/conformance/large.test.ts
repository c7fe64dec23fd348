// Requests and replies that come in many pieces, in the middle of small ones, on connections that share a lane.
import t from 'tap'
import { difference, type Program, type Request, type Step } from '../harness/differential.ts'
import { requestOf } from '../harness/raw-client.ts'
import { useTargets } from './targets.ts'

const megabyte = 1024 * 1024

function request(...words: (string | Buffer)[]): Request {
  return { bytes: requestOf(...words), replies: 1 }
}

function send(on: string, requests: readonly Request[], cuts: readonly number[] = []): Step {
  return { kind: 'send', on, requests, cuts, label: `${on}: ${requests.length} requests` }
}

/** Bytes in which every position tells where it is, line ends and RESP's own marks included. */
function body(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 8) * seed) % 251
  bytes.write('\r\n$5\r\n*1\r\n', Math.floor(length / 2), 'latin1')
  return bytes
}

function everySoOften(length: number, step: number): number[] {
  return Array.from({ length: Math.floor(length / step) }, (_, index) => (index + 1) * step)
}

const sizes = [100, 16 * 1024 - 1, 16 * 1024, 64 * 1024 - 1, 64 * 1024 + 1, megabyte, 5 * megabyte]

function values(): Step[] {
  return sizes.flatMap((size, seed) => {
    const set = request('SET', `large:${size}`, body(size, seed))
    return [
      send('a', [request('INCR', 'n'), set, request('GET', 'n')], everySoOften(size, 64 * 1024 + 7)),
      send('b', [
        request('GET', 'n'),
        request('GET', `large:${size}`),
        request('STRLEN', `large:${size}`),
        request('GET', 'n')
      ]),
      send('a', [
        request('GETRANGE', `large:${size}`, '10', '-10'),
        request('APPEND', `large:${size}`, body(size, 3))
      ]),
      send('b', [
        request('ECHO', body(size, 5)),
        request('PING', body(Math.min(size, 100), 1)),
        request('EVAL', 'return ARGV', '0', body(size, 7))
      ])
    ]
  })
}

function aggregates(): Step[] {
  const words = Array.from({ length: 20_000 }, (_, index) => `element-${index}`)
  const pairs = Array.from({ length: 5000 }, (_, index) => [`key-${index}`, String(index)]).flat()
  return [
    send('a', [
      request('RPUSH', 'list', ...words),
      request('LRANGE', 'list', '0', '-1'),
      request('LLEN', 'list')
    ]),
    send('b', [request('MSET', ...pairs), request('MGET', ...pairs.filter((_, index) => index % 2 === 0))]),
    send('b', [request('LRANGE', 'list', '5', '19000'), request('EXISTS', ...pairs)]),
    send('a', [
      request('MULTI'),
      request('LRANGE', 'list', '0', '-1'),
      request('SET', 'm', body(megabyte, 9)),
      request('GET', 'm'),
      request('EXEC')
    ]),
    send('a', [request('GET', 'm'), request('DEL', 'm', 'list')])
  ]
}

function deepPipeline(): Step[] {
  const requests = Array.from({ length: 5000 }, (_, index) =>
    index % 3 === 0
      ? request('INCR', 'deep')
      : index % 3 === 1
        ? request('GET', 'deep')
        : request('SET', `deep:${index % 7}`, 'x')
  )
  return [send('a', requests), send('b', requests), send('a', requests, everySoOften(200_000, 1013))]
}

/** A listener gets a large message whole, between its own replies. */
function messages(): Step[] {
  return [
    send('listener', [request('SUBSCRIBE', 'news')]),
    send('a', [request('PUBLISH', 'news', body(megabyte, 2)), request('PUBLISH', 'news', 'small')]),
    { kind: 'receive', on: 'listener', replies: 2, label: 'two messages' }
  ]
}

t.test('large values, long arrays and deep pipelines are the same bytes [C2] [R1]', async (t) => {
  const { plain, proxied } = await useTargets(t, [
    ['--reads.consistency', 'master'],
    ['--reads.consistency', 'session']
  ])
  const steps = [...values(), ...aggregates(), ...deepPipeline(), ...messages()]
  for (const target of proxied) {
    for (const protocol of [2, 3] as const) {
      const program: Program = { steps, protocol }
      t.equal(await difference(program, plain, target), '', `${target.name}, RESP${protocol}`)
    }
  }
})
