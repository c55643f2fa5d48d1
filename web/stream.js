// The live stream: ticket, WebSocket, sequence check, resubscribe with back-off.
//
// Each topic counts its frames, for all clients alike; a snapshot replaces what we hold, a delta must be
// exactly the next one. After a lost connection each topic is taken up `since` the last frame we hold: the
// server then sends what we missed, or a snapshot, and nothing when there was nothing.
// A frame that comes twice or late is dropped; a gap, or a frame that cannot be applied, marks the topic as
// out of step and asks for a fresh snapshot, again and again at growing intervals until it comes. When nothing
// at all arrives the stream asks for one small topic, so that a quiet market is not taken for a dead server;
// when that is not answered either, `stale()` turns true within 2 s and the socket is given up after 5 s.

import { streamAddress, streamTicket } from "./api.js";
import { clockHear } from "./clock.js";

/** @import { Frame, Topic } from "./types/shapes.js" */

const TICK_MS = 100;
const PROBE_MS = 500;
const STALE_MS = 1300;
const GIVE_UP_MS = 5000;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5000;
const CLOSED_SESSION_GONE = 1008;

/**
 * `held`: what we have is whole up to `seq`, so that it can be taken up from there.
 * @typedef {{seq: number, synced: boolean, held: boolean, at: number, asks: number, askAt: number}} TopicState
 */

/** @param {number} tries so far @returns {number} ms to wait before the next */
function backOff(tries) {
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** tries);
}

export class Stream {
  /**
   * @param {object} options
   * @param {Topic[]} options.topics the first one is the probe
   * @param {(frame: Frame) => void} options.onFrame a frame in sequence
   * @param {() => void} options.onSessionGone
   */
  constructor({ topics, onFrame, onSessionGone }) {
    this.probe = topics[0];
    this.onFrame = onFrame;
    this.onSessionGone = onSessionGone;
    /** @type {Map<string, TopicState>} */
    this.topics = new Map(
      topics.map((name) => [
        name,
        { seq: -1, synced: false, held: false, at: -Infinity, asks: 0, askAt: Infinity },
      ]),
    );
    /** ms of the page's monotonic clock when the last frame came */
    this.lastFrameAt = -Infinity;
    this.openedAt = performance.now();
    this.gaps = 0;
    this.reconnects = -1;
    this.connected = false;
    /** A frame has come on this connection. */
    this.heard = false;
    /** What the server answered to a frame it did not like. @type {string | null} */
    this.refusal = null;

    /** @type {WebSocket | null} */
    this.socket = null;
    this.connecting = false;
    this.closed = false;
    this.tries = 0;
    this.connectAt = 0;
    this.probeAt = 0;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  /** @param {Topic} name */
  topic(name) {
    return this.topics.get(name) ?? null;
  }

  stale() {
    return !this.connected || performance.now() - this.lastFrameAt > STALE_MS;
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    const open = this.socket;
    this.socket = null;
    this.connected = false;
    open?.close();
  }

  tick() {
    const now = performance.now();
    if (this.connected) {
      this.watch(now);
    } else if (!this.socket && !this.connecting && now >= this.connectAt) {
      this.connect();
    }
  }

  async connect() {
    this.connecting = true;
    const answer = await streamTicket();
    this.connecting = false;
    if (this.closed) {
      return;
    }
    if (!answer.ok || !answer.body) {
      this.lose();
      return;
    }
    this.socket = new WebSocket(streamAddress(answer.body.ticket));
    this.listen(this.socket);
  }

  /** @param {WebSocket} socket events of a socket that was given up are ignored */
  listen(socket) {
    socket.onopen = () => {
      if (socket === this.socket) {
        this.opened();
      }
    };
    socket.onmessage = (event) => {
      if (socket === this.socket) {
        this.tries = 0;
        this.receive(JSON.parse(event.data));
      }
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) {
        return;
      }
      this.lose();
      if (event.code === CLOSED_SESSION_GONE) {
        this.onSessionGone();
      }
    };
  }

  opened() {
    this.connected = true;
    this.heard = false;
    this.lastFrameAt = performance.now();
    this.reconnects++;
    this.subscribe([...this.topics.keys()], this.held());
    this.topics.forEach((state) => this.planAsk(state));
  }

  lose() {
    this.socket = null;
    this.connected = false;
    // Jitter: pages that lost the same server shall not come back in step.
    this.connectAt = performance.now() + backOff(this.tries) * (0.75 + Math.random() / 2);
    this.tries++;
    for (const state of this.topics.values()) {
      Object.assign(state, { synced: false, asks: 0, askAt: Infinity });
    }
  }

  /** The last frame that we hold, of each topic that is whole. @returns {Record<string, number>} */
  held() {
    const whole = [...this.topics].filter(([, state]) => state.held);
    return Object.fromEntries(whole.map(([name, state]) => [name, state.seq]));
  }

  /**
   * @param {string[]} names
   * @param {Record<string, number>} since
   */
  subscribe(names, since = {}) {
    if (this.socket?.readyState === WebSocket.OPEN) {
      const more = Object.keys(since).length > 0 ? { since } : {};
      this.socket.send(JSON.stringify({ op: "subscribe", topics: names, ...more }));
    }
  }

  /** The server serves all topics at once: who gets no snapshot of what we hold has missed nothing. */
  takeUp() {
    this.heard = true;
    for (const state of this.topics.values()) {
      if (state.held) {
        Object.assign(state, { synced: true, asks: 0, askAt: Infinity });
      }
    }
  }

  /** @param {TopicState} state */
  planAsk(state) {
    state.askAt = performance.now() + backOff(state.asks);
    state.asks++;
  }

  /** @param {Frame} frame */
  receive(frame) {
    this.lastFrameAt = performance.now();
    const state = this.topics.get(frame.topic);
    const seq = Number(frame.seq);
    if (frame.topic === "error") {
      this.refusal = frame.data?.detail ?? frame.data?.code ?? "refused";
      return;
    }
    clockHear(frame.ts_ns);
    if (!this.heard) {
      this.takeUp();
    }
    if (!state) {
      return;
    }
    if (frame.type !== "snapshot" && (!state.synced || seq <= state.seq)) {
      return;
    }
    if (frame.type !== "snapshot" && seq !== state.seq + 1) {
      this.loseStep(frame.topic, state);
      return;
    }
    this.take(frame, state, seq);
  }

  /**
   * A frame counts once it is applied. One that cannot be has left nobody knows what: the topic is out of step,
   * and asks not at once, for the next snapshot may be of the same kind.
   * @param {Frame} frame
   * @param {TopicState} state
   * @param {number} seq
   */
  take(frame, state, seq) {
    try {
      this.onFrame(frame);
    } catch (error) {
      this.gaps++;
      Object.assign(state, { synced: false, held: false });
      this.planAsk(state);
      throw error;
    }
    if (frame.type === "snapshot") {
      Object.assign(state, { synced: true, held: true, asks: 0, askAt: Infinity });
    }
    state.seq = seq;
    state.at = this.lastFrameAt;
  }

  /**
   * @param {string} topic
   * @param {TopicState} state
   */
  loseStep(topic, state) {
    this.gaps++;
    Object.assign(state, { synced: false, held: false });
    this.subscribe([topic]);
    this.planAsk(state);
  }

  /** Notices silence, and topics whose snapshot does not come. @param {number} now */
  watch(now) {
    const silence = now - this.lastFrameAt;
    if (silence > GIVE_UP_MS) {
      const dead = this.socket;
      this.lose();
      dead?.close();
      return;
    }
    if (silence > PROBE_MS && now >= this.probeAt) {
      this.probeAt = now + PROBE_MS;
      this.subscribe([this.probe]);
    }
    for (const [name, state] of this.topics) {
      if (!state.synced && now >= state.askAt) {
        this.subscribe([name]);
        this.planAsk(state);
      }
    }
  }
}
