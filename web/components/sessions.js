// Open sessions (the own ones; for an admin, all), and the own second factor.

import { sessionEnd, sessionsRead, totpBegin, totpConfirm, totpRemove } from "../api.js";
import { useAsked } from "../asked.js";
import { serverNow } from "../clock.js";
import { ageText, dateTimeText, DASH, millisecondsOf, momentText } from "../format.js";
import { useSubmit } from "../once.js";
import { perform, problemText } from "../perform.js";
import { notify } from "../state.js";
import { html, useState } from "../vendor/preact-htm.js";
import { ActionButton, EmptyRow, Late, Panel } from "./parts.js";

/** @import { OpenSession } from "../types/shapes.js" */

/** @param {{session: OpenSession, onChanged: () => void}} props */
function SessionRow({ session, onChanged }) {
  const acted = millisecondsOf(session.acted_ns);

  async function end() {
    const answer = await perform("sessionEnd", [], () => sessionEnd(session.id));
    if (answer?.ok) {
      notify("good", `The session of ${session.user} from ${session.address} has ended`);
    }
    onChanged();
  }

  return html`<tr data-session=${session.id}>
    <th scope="row">${session.user}${session.own ? html` <span class="minor">(this one)</span>` : null}</th>
    <td>${session.address}</td>
    <td title=${momentText(session.made_ns)}>${dateTimeText(session.made_ns).slice(0, 19)}</td>
    <td>${acted === null ? DASH : `${ageText(serverNow() - acted)} ago`}</td>
    <td class="row-buttons">
      ${session.own ? null : html`<${ActionButton} action="sessionEnd" label="End" onPress=${end} />`}
    </td>
  </tr>`;
}

/** @param {{secret: string, uri: string, onDone: () => void}} props */
function ConfirmCode({ secret, uri, onDone }) {
  const [code, setCode] = useState("");
  const [refusal, setRefusal] = useState("");

  const submit = useSubmit(async () => {
    const answer = await totpConfirm(code);
    if (answer.ok) {
      notify("good", "Your second factor is on: its code is asked for at the next log-in");
      onDone();
    } else {
      setRefusal(problemText(answer.problem));
    }
  });

  return html`<form class="second-factor" onSubmit=${submit}>
    <p>
      Give this secret to your authenticator, shown this once: <code>${secret}</code>${" "}
      <a href=${uri}>or open it there</a>
    </p>
    <div class="one-line">
      <label for="totp-code">Its code</label>
      <input id="totp-code" inputmode="numeric" autocomplete="one-time-code" maxlength="6" required value=${code}
        onInput=${(/** @type {any} */ event) => setCode(event.target.value.trim())} />
      <button type="submit" class="button button-primary">Switch it on</button>
    </div>
    <p class="refusal" role="alert">${refusal}</p>
  </form>`;
}

function SecondFactor() {
  const [begun, setBegun] = useState(/** @type {{secret: string, uri: string} | null} */ (null));

  async function begin() {
    const answer = await perform("totpBegin", [], totpBegin);
    if (answer?.ok && answer.body) {
      setBegun(answer.body);
    }
  }
  async function remove() {
    const answer = await perform("totpRemove", ["The password alone logs you in."], totpRemove);
    if (answer?.ok) {
      notify("good", "Your second factor is removed");
    }
  }

  return html`<div class="one-line">
      <${ActionButton} action="totpBegin" onPress=${begin} />
      <${ActionButton} action="totpRemove" onPress=${remove} />
    </div>
    ${begun ? html`<${ConfirmCode} ...${begun} onDone=${() => setBegun(null)} />` : null}`;
}

export function SessionsPanel() {
  const [items, load, old] = useAsked(sessionsRead);
  return html`<${Panel} id="sessions" title="Sessions" topic="status">
    <${Late} old=${old} />
    <div class="scroll" tabindex="0" role="group" aria-label="Sessions">
      <table class="grid sessions-grid">
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">From</th>
            <th scope="col">Since (UTC)</th>
            <th scope="col">Last used</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          ${(items ?? []).map((row) => html`<${SessionRow} key=${row.id} session=${row} onChanged=${load} />`)}
          ${items === null ? html`<${EmptyRow} span=${5} text="Asking\u2026" />` : null}
        </tbody>
      </table>
    </div>
    <${SecondFactor} />
  <//>`;
}
