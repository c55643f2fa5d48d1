// A client with the habits of pybit, Bybit's own Python library, where they differ from bybit-api's and
// ccxt's: queries sorted and unencoded, bodies as Python prints JSON, a log-in that is good for a second and
// a subscription right behind it, numbers where others have texts, protocol pings, and patience when told
// that it asks too often.

import { createHmac, randomUUID } from "node:crypto";
import { Bot, sleep, until } from "../venue/venue.mjs";

const hmac = (secret, text) => createHmac("sha256", secret).update(text).digest("hex");

/** JSON with a blank behind each colon and comma, as json.dumps() makes it. */
export function pythonJson(value) {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}: ${pythonJson(inner)}`).join(", ")}}`;
}

export class Pybit extends Bot {
  waits = 0; // how often it was told to wait

  /** GET or POST; waits and asks again when told 10006. Answers {retCode, ...} */
  async ask(method, path, params = {}) {
    for (let tries = 0; ; tries++) {
      const answer = method === "GET" ? await this.get(path, sortedQuery(params)) : await this.post(path, pythonJson(params));
      if (answer.body?.retCode !== 10006 || tries === 3) return answer.body;
      this.waits++;
      await sleep(Math.max(0, Number(answer.headers["x-bapi-limit-reset-timestamp"]) - Date.now()));
    }
  }

  /** Opens a private or trade socket: log-in and what follows leave at once. */
  async open(path, ...frames) {
    const socket = await this.venue.socket(path);
    const expires = Date.now() + 1000;
    socket.send(pythonJson({ op: "auth", args: [this.key.key, expires, hmac(this.key.secret, `GET/realtime${expires}`)] }));
    frames.forEach((frame) => socket.send(pythonJson(frame)));
    return socket;
  }

  /** Sends an order operation on a trade socket; resolves with the answer. */
  order(socket, op, args) {
    const reqId = randomUUID();
    const header = { "X-BAPI-TIMESTAMP": Date.now(), "X-BAPI-RECV-WINDOW": 5000 };
    socket.send(pythonJson({ reqId, header, op, args: [args] }));
    return until(`the answer to ${op}`, () => socket.frames.find((frame) => frame.reqId === reqId));
  }
}

function sortedQuery(params) {
  return Object.keys(params)
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join("&");
}
