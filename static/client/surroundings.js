/**
 * What the library takes from the browser: time, chance, sockets and requests, in one object.
 *
 * It exists so that a test can bring a clock that it turns itself. Nothing else of the library reads these.
 */

/**
 * @typedef {object} Surroundings
 * @property {() => number} now milliseconds of the wall clock, which goes on while a computer sleeps
 * @property {() => number} random from 0 up to, not including, 1
 * @property {(ms: number, then: () => void) => () => void} after calls once, later; returns what cancels it
 * @property {(url: string, subprotocol: string) => WebSocket} socket opens a WebSocket
 * @property {typeof fetch} fetch sends a request
 */

/** @type {Surroundings} */
export const browser = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  socket: (url, subprotocol) => new WebSocket(url, [subprotocol]),
  fetch: (request, init) => fetch(request, init),
};
