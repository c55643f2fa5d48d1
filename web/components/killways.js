// The ways to kill that need neither this page nor its connection.

import { page } from "../state.js";
import { html } from "../vendor/preact-htm.js";

/**
 * The listener's address as this browser may use it: one that listens everywhere is reached where this page is.
 * @param {string} text
 */
function addressHere(text) {
  const url = new URL(text);
  if (["0.0.0.0", "[::]"].includes(url.hostname)) {
    url.hostname = location.hostname;
  }
  return { url: url.origin, where: /^(127\.|\[::1\]|localhost$)/.test(url.hostname) ? ", at the host" : "" };
}

/** As the server said when it last spoke, in an earlier session too; before the first log-in it is not known. */
function ListenerWay() {
  const told = page.killUrl;
  const here = told ? addressHere(told) : null;
  return here
    ? html`<li>
        The reserved listener${here.where}: <code>POST ${here.url}/api/v1/kill</code> with a token of scope kill
      </li>`
    : html`<li>
        The reserved listener, setting <code>kill_listen</code> (<code>127.0.0.1:8081</code> unless changed):
        ${" "}<code>POST /api/v1/kill</code> with a token of scope kill
      </li>`;
}

/** @param {{scope: string, title?: string}} props */
export function OtherWays({ scope, title = "If nobody answers here" }) {
  return html`<div class="other-ways" data-test="other-ways">
    <b>${title}</b>
    <ul>
      <li>At the host: <code>pitwall kill --data DIR --scope ${scope} --reason WHY</code></li>
      <${ListenerWay} />
      <li>Nothing else works: <code>kill -USR1 PID</code> halts the whole firm</li>
    </ul>
  </div>`;
}

export function OtherWaysPanel() {
  return html`<section class="panel panel-ways" aria-labelledby="title-ways">
    <header class="panel-head"><h2 id="title-ways">Other ways to kill</h2></header>
    <${OtherWays} scope="firm" />
  </section>`;
}
