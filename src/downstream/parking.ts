// The one request that a session waits for before it takes another: the proxy itself answers it, later.
import type { Exchange, ReplyReceiver } from '../exchange.ts'
import { placeFor, type ReplyQueue } from './reply-queue.ts'

/** Runs with the means to answer, once. */
export type Parked = (done: (reply: Buffer) => void) => void

export type ParkingPlaces = ReplyReceiver & { readonly queue: ReplyQueue }

/** Goes on when the request is answered. */
export type ParkingHost = { proceed: () => void }

export class Parking {
  isParked = false
  readonly #places: ParkingPlaces
  readonly #host: ParkingHost
  /** What runs when its place is the first one. */
  #inTurn: { readonly place: Exchange; readonly run: () => void } | undefined

  constructor(places: ParkingPlaces, host: ParkingHost) {
    this.#places = places
    this.#host = host
  }

  park(run: Parked): void {
    this.#parkAt(placeFor(this.#places, 'again', 0), run)
  }

  /** As `park`, but runs when everything before it is answered: it has an effect of its own, in order [R4]. */
  parkInTurn(run: Parked): void {
    const place = placeFor(this.#places, 'again', 0)
    this.#parkAt(place, (done) => {
      this.#inTurn = {
        place,
        run: () => {
          run(done)
        }
      }
    })
    this.takeTurn()
  }

  /** Takes nothing more until `run` calls back; what it wants done is done then, in order. */
  wait(run: (goOn: (act: () => void) => void) => void): void {
    this.isParked = true
    run((act) => {
      this.isParked = false
      act()
      this.#host.proceed()
    })
  }

  /** To be called whenever a reply has left. */
  takeTurn(): void {
    const next = this.#inTurn
    if (next === undefined || this.#places.queue.first !== next.place) return
    this.#inTurn = undefined
    next.run()
  }

  #parkAt(place: Exchange, run: Parked): void {
    this.#places.queue.open(place)
    this.isParked = true
    run((reply) => {
      this.isParked = false
      this.#places.queue.complete(place, reply)
      this.#host.proceed()
    })
  }
}
