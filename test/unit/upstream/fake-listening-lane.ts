// A connection that subscribes, of which the test is the other end.
import { decode, type Reply } from '../../../src/resp/decode.ts'
import type { HandshakeFailure } from '../../../src/upstream/handshake.ts'
import type { LaneEnd } from '../../../src/upstream/lane.ts'
import type { ListeningLaneEvents } from '../../../src/upstream/listening-lane.ts'
import { requestOf } from '../../harness/raw-client.ts'

export class FakeListeningLane {
  readonly port: number
  isConnected = false
  progress = 0
  /** Why it was cut. */
  ended: LaneEnd | undefined
  readonly #events: ListeningLaneEvents
  #sent: string[] = []

  constructor(port: number, events: ListeningLaneEvents) {
    this.port = port
    this.#events = events
  }

  /** What was asked since the last time, words joined by spaces. */
  asked(): string[] {
    const sent = this.#sent
    this.#sent = []
    return sent
  }

  send(request: Buffer): void {
    this.#sent.push((decode(request) as Reply[]).join(' '))
  }

  cut(end: LaneEnd = 'cut'): void {
    this.lose(undefined, end)
  }

  // ---- what the other end does ------------------------------------------------------------------------------------

  connect(): void {
    this.isConnected = true
    this.#events.onConnect(this)
  }

  lose(failure?: HandshakeFailure, end: LaneEnd = 'closed'): void {
    if (this.ended !== undefined) return
    this.ended = end
    this.isConnected = false
    this.#events.onEnd(end, failure)
  }

  say(...words: string[]): void {
    this.progress++
    this.#events.onFrame(requestOf(...words))
  }

  line(line: string): void {
    this.progress++
    this.#events.onFrame(Buffer.from(`${line}\r\n`))
  }

  fail(error: string): void {
    this.line(`-${error}`)
  }

  /** One confirmation for each name. */
  confirm(verb: string, ...names: string[]): void {
    for (const name of names) this.say(verb, name, '1')
  }
}
