// Log-in, and the password change that an administrator may force at the first one.

import { passwordChange, sessionOpen } from "../api.js";
import { useSubmit } from "../once.js";
import { problemText } from "../perform.js";
import { page } from "../state.js";
import { OtherWays } from "./killways.js";
import { html, useLayoutEffect, useRef, useState } from "../vendor/preact-htm.js";

/** @import { Session } from "../types/shapes.js" */

/** @param {{title: string, says: string, children?: any}} props */
function Card({ title, says, children }) {
  return html`<main class="door">
    <div class="card">
      <div class="brand brand-large"><span class="mark" aria-hidden="true"></span>Pitwall</div>
      <h1>${title}</h1>
      ${says ? html`<p class="card-says" role="status">${says}</p>` : null} ${children}
    </div>
  </main>`;
}

/** Of the second factor: asked for once the password was right. @param {{code: string, onInput: (code: string) => void}} props */
export function CodeField({ code, onInput }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => field.current?.focus(), []);
  return html`<label for="code">Code of your authenticator</label>
    <input
      id="code"
      ref=${field}
      inputmode="numeric"
      autocomplete="one-time-code"
      maxlength="6"
      required
      value=${code}
      onInput=${(/** @type {any} */ event) => onInput(event.target.value.trim())}
    />`;
}

/** @param {{onSession: (session: Session) => Promise<void>}} props */
export function LogIn({ onSession }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = useSubmit(async () => {
    setBusy(true);
    const answer = await sessionOpen(user, password, code);
    setCode("");
    if (answer.ok && answer.body) {
      await onSession(answer.body);
      return;
    }
    setBusy(false);
    if (answer.problem?.code === "totp_required") {
      setWantsCode(true);
      setRefusal("");
      return;
    }
    setPassword("");
    const wrong = answer.problem?.code === "bad_credentials";
    setRefusal(wrong ? wantsCode ? "User, password or code is not right." : "User or password is not right." : problemText(answer.problem));
  });

  return html`<${Card} title="Log in" says=${page.farewell}>
    <form onSubmit=${submit} aria-describedby="log-in-refusal">
      <label for="user">User</label>
      <input
        id="user"
        name="user"
        autocomplete="username"
        autocapitalize="none"
        spellcheck=${false}
        required
        autofocus
        value=${user}
        onInput=${(/** @type {any} */ event) => setUser(event.target.value)}
      />
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required
        value=${password}
        onInput=${(/** @type {any} */ event) => setPassword(event.target.value)}
      />
      ${wantsCode ? html`<${CodeField} code=${code} onInput=${setCode} />` : null}
      <p id="log-in-refusal" class="refusal" role="alert">${refusal}</p>
      <button type="submit" class="button button-primary button-wide" disabled=${busy}>
        ${busy ? "Logging in\u2026" : "Log in"}
      </button>
    </form>
    <${OtherWays} scope="firm" title="To kill without a log-in" />
  <//>`;
}

/** @param {{onChanged: () => void}} props */
export function ChangePassword({ onChanged }) {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [refusal, setRefusal] = useState("");

  const submit = useSubmit(async () => {
    if (again !== next) {
      setRefusal("The new password was not typed twice alike.");
      return;
    }
    const answer = await passwordChange(old, next);
    if (answer.ok) {
      onChanged();
    } else {
      setRefusal(problemText(answer.problem));
    }
  });

  return html`<${Card}
    title="Choose a password"
    says="The first password must be changed before anything else."
  >
    <form onSubmit=${submit}>
      <label for="old-password">Present password</label>
      <input
        id="old-password"
        type="password"
        autocomplete="current-password"
        required
        value=${old}
        onInput=${(/** @type {any} */ event) => setOld(event.target.value)}
      />
      <label for="new-password">New password</label>
      <input
        id="new-password"
        type="password"
        autocomplete="new-password"
        required
        value=${next}
        onInput=${(/** @type {any} */ event) => setNext(event.target.value)}
      />
      <label for="again-password">New password, once more</label>
      <input
        id="again-password"
        type="password"
        autocomplete="new-password"
        required
        value=${again}
        onInput=${(/** @type {any} */ event) => setAgain(event.target.value)}
      />
      <p class="refusal" role="alert">${refusal}</p>
      <button type="submit" class="button button-primary button-wide">Change password</button>
    </form>
  <//>`;
}
