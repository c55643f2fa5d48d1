// The people at the desk: they change things until the program dies under them, and remember every success
// that they were told. The market's watchers remember every number that they were shown.

import { spawn } from "node:child_process";
import { BIN } from "../api/server.mjs";
import { pause } from "../api/wait.mjs";
import { Socket } from "../api/ws.mjs";
import { INSTRUMENTS, STRATEGIES } from "./market.mjs";

const LOOSEST = 1000000000;
// What is killed is little of the load.
const KILLED = ["strategy/m13", "strategy/m14", `instrument/${INSTRUMENTS[2]}`];

export class Desk {
  acked = 0;
  told = { limits: 0, kill: 0, resume: 0, token: 0 };
  reasons = []; // of what was answered with success, not yet looked for in the control lane
  limits = new Map(); // scope -> the tightest value that was acknowledged
  killed = new Map(); // scope -> incident that stands
  unsure = new Set(); // scopes with a kill or resume that nobody answered
  tokens = []; // of the last life
  #number = 0;

  constructor({ dir, random, passwords }) {
    Object.assign(this, { dir, random, passwords });
  }

  #reason(what) {
    return `${what} number ${++this.#number} of the crash loop`;
  }

  #told(kind, reason) {
    this.acked++;
    this.told[kind]++;
    this.reasons.push(reason);
  }

  async #tighten(caller) {
    const scope = `strategy/${STRATEGIES[Math.floor(this.random() * STRATEGIES.length)]}`;
    const now = await caller.get(`/limits/${scope}`);
    const reason = this.#reason("tightening");
    const value = (this.limits.get(scope) ?? now.body.limits.max_orders_per_day ?? LOOSEST) - 1;
    const wanted = { limits: { max_orders_per_day: value }, reason };
    const reply = await caller.put(`/limits/${scope}`, wanted, now.body.generation);
    if (reply.status === 200) {
      this.limits.set(scope, value);
      this.#told("limits", reason);
    }
    return reply;
  }

  async #kill(caller) {
    const scope = KILLED[Math.floor(this.random() * KILLED.length)];
    const reason = this.#reason("kill");
    if (this.killed.has(scope)) {
      return { status: 200 };
    }
    this.unsure.add(scope);
    const reply = await caller.post("/kill", { scope, reason });
    if (reply.status === 200) {
      this.killed.set(scope, reply.body.incident);
      this.unsure.delete(scope);
      this.#told("kill", reason);
    }
    return reply;
  }

  /** Two people, each with a log-in. */
  async resume(life) {
    const scopes = [...this.killed.keys()];
    if (scopes.length === 0) {
      return;
    }
    const [risk1, risk2] = await Promise.all(["risk1", "risk2"].map((user) => life.person(user, this.passwords[user])));
    for (const scope of scopes) {
      const reason = this.#reason("resume");
      const proposed = await risk1.post("/resume", { scope, incident: this.killed.get(scope), reason });
      this.#demand(proposed, 202);
      this.unsure.add(scope);
      this.#demand(await risk2.post(`/approvals/${proposed.body.id}/approve`, { reason }), 200);
      this.killed.delete(scope);
      this.unsure.delete(scope);
      this.#told("resume", reason);
    }
  }

  #demand(reply, status) {
    if (reply.status !== status) {
      throw new Error(`${status} expected, not ${reply.status} ${reply.text}`);
    }
  }

  /** Once the program is gone the verb makes it by itself, beside the journal: it is good all the same. */
  #token(life) {
    const name = `crash-${++this.#number}`;
    const made = spawn(BIN, ["token", "create", "--data", this.dir, "--name", name, "--role", "viewer"]);
    let out = "";
    made.stdout.on("data", (said) => (out += said));
    return new Promise((done) => {
      made.on("close", (code) => {
        if (code === 0) {
          this.tokens.push(out.trim());
        }
        if (code === 0 && !life.ending) {
          this.#told("token", name);
        }
        done({ status: code === 0 ? 201 : 503 });
      });
    });
  }

  /** Until the program is gone. Any answer but success before that is an error. */
  async act(life, token) {
    const caller = life.caller(token);
    while (life.code === null && !life.ending) {
      const dice = this.random();
      try {
        const reply = await (dice < 0.75 ? this.#tighten(caller) : dice < 0.9 ? this.#kill(caller) : this.#token(life));
        if (![200, 201].includes(reply.status) && !life.ending && reply.status !== 503) {
          throw Object.assign(new Error(`a change was refused: ${reply.status} ${reply.text}`), { refused: true });
        }
      } catch (error) {
        if (error.refused || !life.ending) {
          throw error;
        }
      }
      await pause(Math.floor(this.random() * 20));
    }
  }

  /** What was acknowledged is in force. */
  async inForce(life, token) {
    const caller = life.caller(token);
    const wrong = [];
    for (const [scope, value] of this.limits) {
      const now = (await caller.get(`/limits/${scope}`)).body.limits.max_orders_per_day;
      if (now === null || now > value) {
        wrong.push(`${scope}: max_orders_per_day is ${now}, ${value} was acknowledged`);
      }
      this.limits.set(scope, now ?? value); // one that nobody answered may have come through
    }
    const { items } = (await caller.get("/trading-state")).body;
    for (const { scope, state, incident } of items) {
      wrong.push(...this.#stateOf(scope, state, incident));
    }
    for (const made of this.tokens.splice(0)) {
      const { status } = await life.caller(made).get("/status");
      if (status !== 200) {
        wrong.push(`a token that was made is answered ${status}`);
      }
    }
    return wrong;
  }

  #stateOf(scope, state, incident) {
    const stands = this.killed.get(scope);
    if (this.unsure.delete(scope)) { // either is right; from here on it is what it is
      this.killed.delete(scope);
      if (state === "HALTED") {
        this.killed.set(scope, incident);
      }
      return [];
    }
    if (stands && (state !== "HALTED" || incident !== stands)) {
      return [`${scope} is ${state} ${incident}, the kill ${stands} was acknowledged`];
    }
    return !stands && state !== "ACTIVE" ? [`${scope} is ${state} ${incident}, and nobody stopped it`] : [];
  }
}

/** What readers were shown: fills by sequence over the stream, over REST, and by `journal follow`. */
export class Watchers {
  fills = new Map(); // seq -> exec id
  lines = new Map(); // seq -> line of the journal
  highest = 0;
  durable = 0;

  async stream(life, token) {
    try {
      const { body } = await life.caller(token).post("/stream/ticket");
      const socket = await Socket.open(`${life.url}/api/v1/stream?ticket=${body.ticket}`);
      socket.subscribe("fills");
      while (life.code === null && !socket.closed) {
        await pause(5);
        this.#take(socket.frames.splice(0));
      }
      this.#take(socket.frames);
    } catch (error) {
      if (!life.ending) {
        throw error;
      }
    }
  }

  #take(frames) {
    for (const { topic, data } of frames) {
      for (const { id, seq } of topic === "fills" ? data.items : []) {
        this.fills.set(seq, id.replace(/^\d+-/, ""));
        this.highest = Math.max(this.highest, seq);
      }
    }
  }

  async status(life, token) {
    const caller = life.caller(token);
    while (life.code === null && !life.ending) {
      try {
        const { body } = await caller.get("/status");
        this.highest = Math.max(this.highest, body.journal_seq);
        this.durable = Math.max(this.durable, body.durable_seq);
      } catch (error) {
        if (!life.ending) {
          throw error;
        }
      }
      await pause(20);
    }
  }

  /** Fills as the journal's follower prints them, whole. */
  async follow(life, dir, from) {
    const follower = spawn(BIN, ["journal", "follow", "--data", dir, "--kind", "fill", "--from", String(from), "--json"]);
    let left = "";
    follower.stdout.on("data", (said) => {
      const lines = (left + said).split("\n");
      left = lines.pop();
      lines.forEach((line) => this.lines.set(Number(/"seq":(\d+)/.exec(line)[1]), line));
    });
    const gone = new Promise((done) => follower.on("close", done));
    await life.exited;
    await pause(30);
    follower.kill();
    await gone;
  }
}
