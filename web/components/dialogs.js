// Notices, and the question that repeats in words what will happen and where.

import { sessionOpen } from "../api.js";
import { decimalCompare } from "../format.js";
import { useSubmit } from "../once.js";
import { problemText } from "../perform.js";
import { noticeClose, page } from "../state.js";
import { html, useState } from "../vendor/preact-htm.js";
import { Dialog } from "./dialog.js";
import { CodeField } from "./login.js";

export function Notices() {
  return html`<div class="notices" role="log" aria-live="assertive" aria-label="Notices">
    ${page.notices.map(
      (notice) =>
        html`<div key=${notice.id} class=${`notice notice-${notice.tone}`} data-tone=${notice.tone}>
          <span>${notice.text}</span>
          <button
            type="button"
            class="notice-close"
            aria-label="Close this notice"
            onClick=${() => noticeClose(notice.id)}
          >
            ×
          </button>
        </div>`,
    )}
  </div>`;
}

/** Typed, not pasted: what a hand did once it does twice. @param {{at: number, label: string, typed: string, onInput: (typed: string) => void}} props */
function Again({ at, label, typed, onInput }) {
  return html`<label for=${`dialog-again-${at}`}>${label}, once more</label>
    <input
      id=${`dialog-again-${at}`}
      data-first=${at === 0 ? "" : undefined}
      inputmode="decimal"
      autocomplete="off"
      value=${typed}
      onPaste=${(/** @type {Event} */ event) => event.preventDefault()}
      onInput=${(/** @type {any} */ event) => onInput(event.target.value.trim())}
    />`;
}

/** @param {{dialog: import("../state.js").Dialog}} props */
function Question({ dialog }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const [refusal, setRefusal] = useState("");
  const back = dialog.back ?? [];
  const [again, setAgain] = useState(back.map(() => ""));

  const submit = useSubmit(async () => {
    if (dialog.kind === "password") {
      const answer = await sessionOpen(page.session?.user ?? "", password, code);
      setCode("");
      if (answer.problem?.code === "totp_required") {
        setWantsCode(true);
        return;
      }
      if (!answer.ok) {
        setPassword("");
        setRefusal(
          answer.problem?.code === "bad_credentials"
            ? `That is not the password${wantsCode ? ", or not its code" : ""}.`
            : problemText(answer.problem),
        );
        return;
      }
    }
    const other = back.find(({ value }, at) => decimalCompare(again[at], value) !== 0);
    if (other) {
      setRefusal(`${other.label}: that is not what you typed before. Look at both, or step back.`);
      return;
    }
    dialog.done(true);
  });

  return html`<${Dialog}
    id="dialog"
    title=${dialog.title}
    onClose=${() => dialog.done(false)}
    onSubmit=${submit}
  >
    ${dialog.lines.map((line) => html`<p key=${line}>${line}</p>`)}
    ${
      dialog.kind === "password"
        ? html`<label for="dialog-password">Password</label>
            <input
              id="dialog-password"
              data-first
              type="password"
              autocomplete="current-password"
              required
              value=${password}
              onInput=${(/** @type {any} */ event) => setPassword(event.target.value)}
            />
            ${wantsCode ? html`<${CodeField} code=${code} onInput=${setCode} />` : null}`
        : null
    }
    ${back.map(({ label }, at) => html`<${Again} key=${label} at=${at} label=${label} typed=${again[at]}
      onInput=${(/** @type {string} */ typed) => setAgain(again.map((was, its) => (its === at ? typed : was)))} />`)}
    <p class="refusal" role="alert">${refusal}</p>
    <div class="buttons">
      <button
        type="submit"
        class=${`button ${dialog.danger ? "button-approve" : "button-primary"}`}
        id="dialog-yes"
      >
        ${dialog.label}
      </button>
      <button
        type="button"
        class="button button-plain"
        data-first=${dialog.kind === "confirm" && back.length === 0 ? "" : undefined}
        onClick=${() => dialog.done(false)}
      >
        Step back
      </button>
    </div>
  <//>`;
}

export function DialogHost() {
  return page.dialog ? html`<${Question} key=${page.dialog.title} dialog=${page.dialog} />` : null;
}
