// One client: bytes in, replies out in the order its requests came [R1]. Knows no Redis and no Sentinel: lanes, the
// gate and the proxy's own answers are handed in.
import type { Socket } from 'node:net'
import { classify } from '../command/classify.ts'
import type { Command } from '../command/commands.ts'
import * as replies from '../resp/replies.ts'
import { RequestFramer } from '../resp/request-framer.ts'
import { route, type ReplicaFound } from '../route/route.ts'
import { ClientOutput } from './client-output.ts'
import { attach, type SocketOwner } from './client-socket.ts'
import { InputLimit } from './input-limit.ts'
import { OpenRequests } from './open-requests.ts'
import { Parking, type Parked } from './parking.ts'
import { REFUSALS, refusalOf } from './refusals.ts'
import type { CloseReason, RequestHost, SessionParts } from './session-parts.ts'
import type { SessionState } from './session-state.ts'

export class Session implements RequestHost, SocketOwner {
  readonly state: SessionState
  readonly socket: Socket
  readonly #parts: SessionParts
  readonly #framer: RequestFramer
  readonly #output: ClientOutput
  readonly #input: InputLimit
  readonly requests: OpenRequests
  /** An answer of the proxy itself is awaited that changes what the following requests mean. */
  readonly #parking: Parking
  /** The request that was framed last waits for the end of a pause. */
  isPostponed = false
  #isFlushScheduled = false
  #isProceeding = false
  /** Set when no more requests are taken. Unless it is `closed`, it closes when every reply that is due has left. */
  #ending: CloseReason | undefined
  #hasClientEnded = false
  closed: CloseReason | undefined

  constructor(socket: Socket, state: SessionState, parts: SessionParts) {
    this.socket = socket
    this.state = state
    this.#parts = parts
    this.#framer = new RequestFramer(parts.limits.maxBulkBytes, state)
    this.#output = new ClientOutput(socket)
    this.#input = new InputLimit(socket, parts.budget)
    this.requests = new OpenRequests(state, parts, this)
    this.#parking = new Parking(this.requests, this)
    attach(socket, this)
  }

  /** Bytes that the client has not taken. */
  get backlogBytes(): number {
    return this.#output.backlogBytes + this.requests.queue.interjectedBytes
  }

  /** Bytes that have left or are about to: a client that takes none of its backlog has stalled. */
  get takenBytes(): number {
    return this.#output.sentBytes - this.socket.writableLength
  }

  /** Bytes that have come and are no request yet, or one that is postponed. */
  get heldInputBytes(): number {
    return this.#framer.heldBytes + (this.isPostponed ? this.#framer.size : 0)
  }

  /** Whether it holds memory for a request of which it could send more. */
  get isUploading(): boolean {
    return this.#input.reservedBytes > 0 && this.#input.isGranted && this.#framer.announcedBytes > 0
  }

  /** Whether every request that has come is answered. */
  get isIdle(): boolean {
    return this.requests.queue.isEmpty && this.#framer.heldBytes === 0 && !this.#parking.isParked
  }

  // ---- the way in -------------------------------------------------------------------------------------------------

  receive(chunk: Buffer): void {
    this.#parts.counters.receivedBytes += chunk.length
    this.state.lastSeenAtMs = this.#parts.clock.now()
    this.#framer.push(chunk)
    if (this.#parts.turn.isEnough(this.#input, chunk.length)) this.#input.rest()
    this.proceed()
  }

  /** Takes what has come, as far as it may go on. What it calls may call it again: the loop sees that by itself. */
  proceed(): void {
    if (this.#isProceeding || this.closed !== undefined) return
    this.#isProceeding = true
    this.#takeAll()
    this.#isProceeding = false
    this.#limitInput()
    // A reply that CLIENT REPLY left out ends without anything that leaves.
    this.#endWhenDone()
  }

  #takeAll(): void {
    this.#parking.takeTurn()
    while (
      !this.#parking.isParked &&
      this.#ending === undefined &&
      this.requests.mayTake(this.#output.backlogBytes)
    ) {
      const framed = this.#framer.next()
      if (framed === 'request') {
        this.#take()
      } else if (framed === 'error') {
        this.#breakOff()
      } else {
        if (this.#hasClientEnded) this.end('client')
        break
      }
    }
  }

  #take(): void {
    const request = this.#framer
    const { requests } = this
    const command = classify(request, this.#parts.table.current)
    if (!this.#mayGoOn(command)) return
    const facts = requests.facts(command, request, this.state.lastSeenAtMs)
    const decision = route(command, facts, this.#parts.policy, this.#parts.gate.admission)
    switch (decision) {
      case 'master':
        if (command.replica) this.#countFallback(facts.replica)
        requests.forward(command, request, 'master')
        break
      case 'replica':
        requests.forward(command, request, 'replica')
        break
      case 'hold':
        requests.hold(command, request)
        break
      case 'here':
        this.#parts.counters.here++
        this.#parts.here(command, request, this)
        break
      case 'own':
        requests.forwardOwn(command, request)
        break
      case 'refused':
      case 'notInMulti':
      case 'shed':
        requests.own.taint()
        this.#refuse(REFUSALS[decision](command.name))
        break
      default:
        decision satisfies never
    }
  }

  #countFallback(replica: ReplicaFound): void {
    this.#parts.counters.fallbacks[replica === 'none' ? 'no_replica' : 'consistency']++
    if (replica === 'behind') this.#parts.causality.missed()
  }

  #mayGoOn(command: Command): boolean {
    const refusal = refusalOf(command, this.#framer.argumentCount, this.state)
    if (refusal !== undefined) {
      this.#refuse(refusal)
      return false
    }
    this.state.lastCommand = command
    const { pause } = this.#parts
    if (pause.mode === undefined || !pause.holds(command)) return true
    this.#parking.isParked = true
    this.isPostponed = true
    pause.postpone(this)
    return false
  }

  /** The pause is over: takes the postponed request, which is still framed. */
  resume(): void {
    if (this.#ending !== undefined) return
    this.#parking.isParked = false
    this.isPostponed = false
    this.#take()
    this.proceed()
  }

  #refuse(reply: Buffer): void {
    this.#parts.counters.refused++
    this.answer(reply)
  }

  /** A reply of the proxy itself to the request that was framed last. */
  answer(bytes: Buffer): void {
    this.requests.queue.answer(this.requests, bytes)
  }

  /** As `answer`, but the reply comes later; nothing that follows is taken until `done` runs with it. */
  park(run: Parked): void {
    this.#parking.park(run)
  }

  /** As `park`, but runs when everything before it is answered. */
  parkInTurn(run: Parked): void {
    this.#parking.parkInTurn(run)
  }

  /** Takes nothing more until `run` calls back. */
  wait(run: (goOn: (act: () => void) => void) => void): void {
    this.#parking.wait(run)
  }

  // ---- the way out ------------------------------------------------------------------------------------------------

  leave(bytes: Buffer): void {
    if (this.closed !== undefined) return
    this.#parts.counters.sentBytes += bytes.length
    this.#output.push(bytes)
    if (this.#output.backlogBytes > this.#parts.limits.outputHardBytes) this.close('output_limit')
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.#parts.turn.flushDownstream(this)
  }

  /** A frame that is no reply leaves between two of them. */
  push(frame: Buffer): void {
    this.requests.queue.interject(frame)
  }

  flush(): void {
    this.#isFlushScheduled = false
    if (this.closed !== undefined) return
    this.#output.flush()
    this.#endWhenDone()
  }

  // ---- limits and the end -----------------------------------------------------------------------------------------

  #limitInput(): void {
    if (this.closed !== undefined) return
    const held = this.heldInputBytes
    if (held > this.#parts.limits.queryBufferBytes) {
      this.close('query_limit')
      return
    }
    const needed = Math.max(held, this.#framer.announcedBytes) + this.requests.underWay.bytes
    this.#input.update(needed, this.#ending !== undefined)
  }

  #breakOff(): void {
    if (this.#framer.error !== '') this.answer(replies.protocolError(this.#framer.error))
    this.end('protocol_error')
  }

  // What it has sent is still executed, as Redis does; but what is held would run a second time when it retries.
  clientEnded(): void {
    if (this.requests.held > 0 || this.requests.isBlocked || this.isPostponed) {
      this.close('client')
      return
    }
    this.#hasClientEnded = true
    this.proceed()
  }

  /** Takes no more requests, and closes when every reply that is due has left. */
  end(reason: CloseReason): void {
    if (this.#ending !== undefined) return
    this.#ending = reason
    this.#parking.takeTurn()
    this.#limitInput()
    this.#endWhenDone()
  }

  #endWhenDone(): void {
    if (this.#ending === undefined || this.closed !== undefined) return
    if (!this.requests.queue.isEmpty || !this.#output.isEmpty) return
    this.socket.end(() => {
      this.socket.destroy()
    })
  }

  socketFailed(): void {
    this.close('error')
  }

  socketClosed(): void {
    this.close(this.#ending ?? 'client')
  }

  /** Closes now. Replies that come late are thrown away as they arrive. */
  close(reason: CloseReason): void {
    if (this.closed !== undefined) return
    this.closed = reason
    this.#ending ??= reason
    this.#input.leave()
    this.#parts.pause.leave(this)
    this.requests.own.close()
    this.socket.destroy()
    this.#parts.onClosed(this, reason)
  }
}
