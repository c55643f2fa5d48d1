// Between a gateway and the venue's sockets: passes everything on, and tells the gateway what a test has it tell.

import { once } from "node:events";
import { WebSocket, WebSocketServer } from "../node_modules/ws/wrapper.mjs";

export class Teller {
  /** Changes a frame of the venue, already read, before it goes on; a test puts its own here. */
  retell = (frame) => frame;

  /** @param {string} venue its address, ws:// */
  static async start(venue) {
    const teller = new this();
    teller.sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    teller.sockets.on("connection", (socket, { url }) => teller.#join(socket, new WebSocket(venue + url)));
    await once(teller.sockets, "listening");
    return teller;
  }

  get url() {
    return `ws://127.0.0.1:${this.sockets.address().port}`;
  }

  #join(socket, there) {
    const early = [];
    socket.on("message", (text) => (there.readyState === WebSocket.OPEN ? there.send(String(text)) : early.push(String(text))));
    there.on("open", () => early.forEach((text) => there.send(text)));
    there.on("message", (text) => socket.send(JSON.stringify(this.retell(JSON.parse(text)))));
    [[socket, there], [there, socket]].forEach(([one, other]) => {
      one.on("close", () => other.terminate());
      one.on("error", () => other.terminate());
    });
  }

  stop() {
    this.sockets.clients.forEach((socket) => socket.terminate());
    this.sockets.close();
  }
}
