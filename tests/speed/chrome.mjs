// A Chromium of its own, spoken to by its debugging protocol and nothing more.
//
// Not by playwright, whose Network domain has the browser send each frame of the stream to the test as well:
// that alone is a third of what the page costs.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import WebSocket from "ws";
import { CHROMIUM, CHROMIUM_ARGS, scratch, until } from "../web/browser.mjs";

const START_MS = 20000;

/** Seconds of processor time of a process so far: utime and stime of /proc/PID/stat, in ticks of 10 ms. */
function processorSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export class Chrome {
  static async launch() {
    const profile = scratch("chrome");
    const ports = ["--remote-debugging-port=0", `--user-data-dir=${profile}`, "--window-size=1400,900"];
    const child = spawn(CHROMIUM, [...CHROMIUM_ARGS, ...ports, "about:blank"], { stdio: "ignore" });
    process.on("exit", () => child.kill("SIGKILL"));
    const [port, path] = await until(
      "the port of Chromium",
      async () => readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n"),
      START_MS,
    );
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
    await new Promise((done, failed) => socket.on("open", done).on("error", failed));
    return new Chrome(child, socket, Number(port));
  }

  constructor(child, socket, port) {
    Object.assign(this, { child, socket, port, ids: 0, waiting: new Map(), told: () => {} });
    socket.on("message", (text) => {
      const { id, method, params, result, error } = JSON.parse(text);
      if (id === undefined) {
        this.told(method, params);
        return;
      }
      const { done, failed } = this.waiting.get(id) ?? {};
      this.waiting.delete(id);
      if (error) failed?.(new Error(error.message));
      else done?.(result);
    });
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.ids;
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((done, failed) => this.waiting.set(id, { done, failed }));
  }

  /** A page in a session of its own: no cookie of an earlier one; `apart` false: in the browser's own, for others to use. */
  async open(url, { apart = true } = {}) {
    const { browserContextId } = apart ? await this.send("Target.createBrowserContext") : {};
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    await page.send("Page.navigate", { url });
    await page.until("the page", () => page.evaluate(() => document.readyState === "complete"));
    return page;
  }

  /** Seconds of processor time of all processes by kind: browser, renderer, GPU, network.. */
  async usedSeconds() {
    const { processInfo } = await this.send("SystemInfo.getProcessInfo");
    const used = {};
    for (const { type, id } of processInfo) {
      used[type] = (used[type] ?? 0) + processorSeconds(id);
    }
    return used;
  }

  async close() {
    const ended = new Promise((done) => this.child.on("exit", done));
    await this.send("Browser.close");
    await ended;
  }
}

class Page {
  constructor(chrome, targetId, sessionId) {
    Object.assign(this, { chrome, targetId, sessionId });
  }

  send(method, params) {
    return this.chrome.send(method, params, this.sessionId);
  }

  /** What a function of the page gives; it may take its time. */
  async evaluate(tell, ...args) {
    const expression = `(${tell})(${args.map((value) => JSON.stringify(value)).join()})`;
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", asked);
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  until(what, probe, ms = 20000) {
    return until(what, probe, ms);
  }

  /** Logs in as a person does; gives the time of the press and that of panels that can be used, by the page's clock. */
  async logIn(user, password) {
    await this.until("the form", () => this.evaluate(() => document.querySelector("#user") !== null));
    for (const [field, text] of [["user", user], ["password", password]]) {
      await this.evaluate((id) => document.getElementById(id).focus(), field);
      await this.send("Input.insertText", { text });
    }
    return this.evaluate(() => {
      const at = performance.now();
      document.querySelector("button[type=submit]").click();
      return new Promise((done) => {
        const timer = setInterval(() => {
          const panels = [...document.querySelectorAll(".view [data-panel]")];
          if (panels.length > 0 && panels.every((panel) => panel.dataset.stale === "no")) {
            clearInterval(timer);
            done({ pressedAt: at, usableAt: performance.now() });
          }
        }, 5);
      });
    });
  }

  async go(view) {
    await this.evaluate((id) => (location.hash = `#/${id}`), view);
    const open = (id) => document.querySelector(`[data-view-open=${id}]`) !== null;
    await this.until(`view ${view}`, () => this.evaluate(open, view));
  }

  /** Bytes of the script's heap by what holds them: compiled code, strings, objects and so on. */
  async heapByKind() {
    const parts = [];
    this.chrome.told = (method, { chunk }) => method === "HeapProfiler.addHeapSnapshotChunk" && parts.push(chunk);
    await this.send("HeapProfiler.takeHeapSnapshot");
    const { snapshot, nodes } = JSON.parse(parts.join(""));
    const { node_fields: fields, node_types: types } = snapshot.meta;
    const size = fields.indexOf("self_size");
    const bytes = {};
    for (let at = 0; at < nodes.length; at += fields.length) {
      const kind = types[0][nodes[at]];
      bytes[kind] = (bytes[kind] ?? 0) + nodes[at + size];
    }
    return bytes;
  }

  close() {
    return this.chrome.send("Target.closeTarget", { targetId: this.targetId });
  }
}
