// The fake server of tests/web at fifty times its speed: eight hours of its stream in ten minutes.
//
// The server's own lists are kept short: it is the page whose memory is looked at.

import { MockServer } from "../web/mock-server.mjs";

export const SPEED = 50;
const TICKS_PER_S = 10;
const TURN_MS = 20;
/** Done orders beyond these nobody asks for. */
const KEPT = 3000;

export class FastServer extends MockServer {
  constructor(dir) {
    super(dir, { seed: 7 });
    this.begunAt = null;
    this.heldAt = null;
  }

  /** As many ticks as are due: a timer of two milliseconds would fall behind. */
  hurry() {
    clearInterval(this.timer);
    this.begunAt = performance.now() - (this.ticks * 1000) / (TICKS_PER_S * SPEED);
    this.timer = setInterval(() => {
      if (this.heldAt !== null) {
        return;
      }
      const due = ((performance.now() - this.begunAt) * TICKS_PER_S * SPEED) / 1000;
      while (this.ticks < due) {
        this.tick();
      }
      this.forget();
    }, TURN_MS);
  }

  /** Sends nothing, so that the page can read what is on its way. */
  hold() {
    this.heldAt = performance.now();
  }

  /** Goes on where it was. */
  goOn() {
    this.begunAt += performance.now() - this.heldAt;
    this.heldAt = null;
  }

  /** Seconds of the stream so far. */
  seconds() {
    return this.ticks / TICKS_PER_S;
  }

  tick() {
    if (this.ticks % (TICKS_PER_S * 2) === 0) {
      this.desk.note("order", null, { scope: "firm", next: { id: String(this.ticks), state: "WORKING" } });
    }
    super.tick();
  }

  forget() {
    const { desk } = this;
    desk.orders.length = Math.min(desk.orders.length, KEPT);
    desk.fills.length = Math.min(desk.fills.length, KEPT);
  }

  /** Bytes that wait because the page does not read them fast enough. */
  waiting() {
    return Math.max(...[...this.clients].map(({ socket }) => socket.bufferedAmount));
  }
}
