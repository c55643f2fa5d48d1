// The ways to kill that need neither this page nor its connection.

import { page } from "../state.js";
import { html } from "../vendor/preact-htm.js";

/** As the server said when it last spoke; before a log-in it is not known. */
function ListenerWay() {
  const url = page.status?.kill_url;
  return url
    ? html`<li>
        The reserved listener: <code>POST ${url}/api/v1/kill</code> with a token of scope kill
      </li>`
    : html`<li>
        The reserved listener, setting <code>kill_listen</code> (<code>127.0.0.1:8081</code> unless changed):
        ${" "}<code>POST /api/v1/kill</code> with a token of scope kill
      </li>`;
}

/** @param {{scope: string}} props */
export function OtherWays({ scope }) {
  return html`<div class="other-ways" data-test="other-ways">
    <b>If nobody answers here</b>
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
