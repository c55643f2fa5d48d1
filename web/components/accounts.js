// Accounts and tokens, for an admin. What gives somebody more than he had waits for a second person; what
// takes something away is in force when the answer comes. Secrets are shown once and kept nowhere.

import {
  accountChange,
  accountMake,
  accountsRead,
  accountTotpRemove,
  tokenEnd,
  tokenMake,
  tokensRead,
} from "../api.js";
import { roleReaches } from "../actions.js";
import { useAsked } from "../asked.js";
import { DASH, dateTimeText, momentText } from "../format.js";
import { useSubmit } from "../once.js";
import { perform } from "../perform.js";
import { notify, page, role } from "../state.js";
import { useTyped } from "../typed.js";
import { html } from "../vendor/preact-htm.js";
import { ActionButton, EmptyRow, fieldOf, Late, Panel } from "./parts.js";

/** @import { Account, Role, Token } from "../types/shapes.js" */

const ACCEPTED = 202;
/** @type {Role[]} */
const ROLES = ["viewer", "trader", "risk", "admin"];
const SCOPES = ["metrics", "kill", "audit-read"];
const PASSWORD_BYTES = 15;
const DAYS = 90;

/** A first password that nobody has to think of. */
function randomPassword() {
  const bytes = crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/** @param {{status: number, body: any}} answer @param {string} done */
function sayDone(answer, done) {
  notify(
    answer.status === ACCEPTED ? "warn" : "good",
    answer.status === ACCEPTED
      ? `A second person must approve ${answer.body?.id ?? "it"} before it holds`
      : done,
  );
}

/** @param {{account: Account, reason: string, onChanged: (done: boolean) => void}} props `done`: with that reason */
function AccountRow({ account, reason, onChanged }) {
  const own = account.user === page.session?.user;
  const off = reason === "" ? "Type a reason below first" : "";

  /** @param {string} words @param {{role?: Role, disabled?: boolean, must_change_password?: boolean}} change */
  async function alter(words, change) {
    const answer = await perform("accountChange", [`${account.user}: ${words}.`, `Reason: ${reason}`], () =>
      accountChange(account.user, { ...change, reason }, account.version),
    );
    if (answer?.ok) {
      sayDone(answer, `${account.user}: ${words}`);
    }
    onChanged(answer?.ok === true);
  }

  async function dropTotp() {
    const words = `${account.user}: the second factor is removed.`;
    const answer = await perform("accountChange", [words], () => accountTotpRemove(account.user));
    if (answer?.ok) {
      notify("good", words);
    }
    onChanged(false);
  }

  return html`<tr data-account=${account.user}>
    <th scope="row">${account.user}${own ? html` <span class="minor">(you)</span>` : null}</th>
    <td>${account.person}</td>
    <td>
      <label class="unseen" for=${`role-${account.user}`}>Role of ${account.user}</label>
      <select
        id=${`role-${account.user}`}
        value=${account.role}
        ...${fieldOf("accountChange", own ? "Nobody changes his own role" : off)}
        onChange=${(/** @type {any} */ event) => {
          const next = event.target.value;
          event.target.value = account.role; // it is what it is until the server says so
          alter(`role ${account.role} becomes ${next}`, { role: next });
        }}
      >
        ${ROLES.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
      </select>
    </td>
    <td>
      <span class=${`chip ${account.disabled ? "chip-bad" : "chip-good"}`}>${account.disabled ? "disabled" : "in use"}</span>
      ${account.must_change_password ? html` <span class="chip chip-warn">must change password</span>` : null}
    </td>
    <td>${account.totp ? "on" : "off"}</td>
    <td class="row-buttons">
      <${ActionButton}
        action="accountChange"
        label=${account.disabled ? "Enable" : "Disable"}
        off=${own ? "Nobody disables himself" : off}
        onPress=${() => alter(account.disabled ? "is enabled" : "is disabled and logged out", { disabled: !account.disabled })}
      />
      ${account.totp ? html`<${ActionButton} action="accountChange" label="Remove second factor" onPress=${dropTotp} />` : null}
    </td>
  </tr>`;
}

/** @param {{reason: string, onChanged: (done: boolean) => void}} props */
function NewAccount({ reason, onChanged }) {
  const [user, setUser] = useTyped("account-user", "");
  const [wanted, setWanted] = useTyped("account-role", /** @type {Role} */ ("viewer"));
  const [made, setMade] = useTyped("account-made", /** @type {{user: string, password: string} | null} */ (null));
  const off = user === "" ? "Type a name" : reason === "" ? "Type a reason" : "";

  const submit = useSubmit(async () => {
    const password = randomPassword();
    const lines = [`Account ${user} with role ${wanted}.`, `Reason: ${reason}`];
    const answer = await perform("accountMake", lines, () =>
      accountMake({ user, role: wanted, password, reason }),
    );
    if (answer?.ok) {
      sayDone(answer, `Account ${user} is made`);
      setMade({ user, password });
      setUser("");
    }
    onChanged(answer?.ok === true);
  });

  return html`<form class="one-line" onSubmit=${submit}>
      <label class="unseen" for="at-accountMake">Name of the new account</label>
      <input id="at-accountMake" ...${fieldOf("accountMake")} autocomplete="off" spellcheck=${false} placeholder="new account" value=${user}
        onInput=${(/** @type {any} */ event) => setUser(event.target.value.trim())} />
      <label class="unseen" for="account-role">Its role</label>
      <select id="account-role" ...${fieldOf("accountMake")} value=${wanted} onChange=${(/** @type {any} */ event) => setWanted(event.target.value)}>
        ${ROLES.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
      </select>
      <${ActionButton} action="accountMake" submit=${true} off=${off} />
    </form>
    ${made ? html`<${Secret} words=${`First password of ${made.user}, to be changed at the first log-in`} secret=${made.password} onSeen=${() => setMade(null)} />` : null}`;
}

/**
 * There until its person says that it is noted: its answer may come while another view is looked at, and nobody can
 * ask for it again.
 * @param {{words: string, secret: string, onSeen: () => void}} props
 */
function Secret({ words, secret, onSeen }) {
  return html`<p class="secret" data-test="secret">
    ${words}, shown this once: <code>${secret}</code>
    <button type="button" class="button button-plain" onClick=${onSeen}>I have it</button>
  </p>`;
}

export function UsersPanel() {
  const allowed = roleReaches(role(), "admin");
  return html`<${Panel} id="accounts" title="Accounts" topic="status" action="accountMake">
    ${allowed ? html`<${Accounts} />` : html`<p class="nothing">Accounts need role admin</p>`}
  <//>`;
}

function Accounts() {
  const [items, load, old] = useAsked(accountsRead);
  const [reason, setReason] = useTyped("account-reason", "");
  const changed = (/** @type {boolean} */ done) => {
    if (done) {
      setReason("");
    }
    load();
  };
  return html`<${Late} old=${old} />
    <div class="scroll" tabindex="0" role="group" aria-label="Accounts">
      <table class="grid accounts-grid">
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Person</th>
            <th scope="col">Role</th>
            <th scope="col">State</th>
            <th scope="col">Second factor</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          ${(items ?? []).map(
            (row) => html`<${AccountRow} key=${row.user} account=${row} reason=${reason.trim()} onChanged=${changed} />`,
          )}
          ${items === null ? html`<${EmptyRow} span=${6} text="Asking\u2026" />` : null}
        </tbody>
      </table>
    </div>
    <div class="one-line">
      <label for="account-reason">Reason</label>
      <input id="account-reason" ...${fieldOf("accountChange")} autocomplete="off" maxlength="200" value=${reason}
        onInput=${(/** @type {any} */ event) => setReason(event.target.value)} />
    </div>
    <${NewAccount} reason=${reason.trim()} onChanged=${changed} />`;
}

/** @param {{token: Token, onChanged: () => void}} props */
function TokenRow({ token, onChanged }) {
  async function end() {
    const answer = await perform("tokenEnd", [`Token ${token.name} of ${token.person} ends.`], () => tokenEnd(token.name));
    if (answer?.ok) {
      notify("good", `Token ${token.name} has ended`);
    }
    onChanged();
  }

  return html`<tr data-token=${token.name}>
    <th scope="row">${token.name}</th>
    <td>${token.person}</td>
    <td>${token.role ?? `scope ${token.scope ?? DASH}`}</td>
    <td title=${momentText(token.created_ns)}>${dateTimeText(token.expires_ns)}</td>
    <td><span class=${`chip ${token.state === "valid" ? "chip-good" : "chip-quiet"}`}>${token.state}</span></td>
    <td class="row-buttons">
      ${token.state === "valid" ? html`<${ActionButton} action="tokenEnd" label="End" onPress=${end} />` : null}
    </td>
  </tr>`;
}

/** @param {{onChanged: () => void}} props */
function NewToken({ onChanged }) {
  const [name, setName] = useTyped("token-name", "");
  const [wanted, setWanted] = useTyped("token-may", "viewer");
  const [made, setMade] = useTyped("token-made", /** @type {{name: string, token: string} | null} */ (null));

  const submit = useSubmit(async () => {
    const given = SCOPES.includes(wanted) ? { scope: wanted } : { role: /** @type {Role} */ (wanted) };
    const answer = await perform("tokenMake", [], () => tokenMake({ name, days: DAYS, ...given }));
    if (answer?.ok && answer.body) {
      setMade({ name, token: answer.body.token });
      setName("");
    }
    onChanged();
  });

  return html`<form class="one-line" onSubmit=${submit}>
      <label class="unseen" for="token-name">Name of the new token</label>
      <input id="token-name" ...${fieldOf("tokenMake")} autocomplete="off" spellcheck=${false} placeholder="new token" value=${name}
        onInput=${(/** @type {any} */ event) => setName(event.target.value.trim())} />
      <label class="unseen" for="token-role">What it may</label>
      <select id="token-role" ...${fieldOf("tokenMake")} value=${wanted} onChange=${(/** @type {any} */ event) => setWanted(event.target.value)}>
        ${ROLES.map((one) => html`<option key=${one} value=${one}>role ${one}</option>`)}
        ${SCOPES.map((one) => html`<option key=${one} value=${one}>scope ${one}</option>`)}
      </select>
      <${ActionButton} action="tokenMake" submit=${true} off=${name === "" ? "Type a name" : ""} />
      <span class="minor">${`good for ${DAYS} days`}</span>
    </form>
    ${made ? html`<${Secret} words=${`Token ${made.name}`} secret=${made.token} onSeen=${() => setMade(null)} />` : null}`;
}

function Tokens() {
  const [items, load, old] = useAsked(tokensRead);
  return html`<${Late} old=${old} />
    <div class="scroll" tabindex="0" role="group" aria-label="Tokens">
      <table class="grid tokens-grid">
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">Person</th>
            <th scope="col">May</th>
            <th scope="col">Until (UTC)</th>
            <th scope="col">State</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          ${(items ?? []).map((row) => html`<${TokenRow} key=${row.name} token=${row} onChanged=${load} />`)}
          ${items === null ? html`<${EmptyRow} span=${6} text="Asking\u2026" />` : null}
          ${items?.length === 0 ? html`<${EmptyRow} span=${6} text="No token was made" />` : null}
        </tbody>
      </table>
    </div>
    <${NewToken} onChanged=${load} />`;
}

export function TokensPanel() {
  const allowed = roleReaches(role(), "admin");
  return html`<${Panel} id="tokens" title="Tokens" topic="status">
    ${allowed ? html`<${Tokens} />` : html`<p class="nothing">Tokens need role admin</p>`}
  <//>`;
}
