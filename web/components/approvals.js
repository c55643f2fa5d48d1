// Changes that loosen something and wait for a second person: what exactly, from what to what, who asks.

import { approvalDecide } from "../api.js";
import { roleReaches } from "../actions.js";
import { serverNow } from "../clock.js";
import {
  ageText,
  dateTimeText,
  idText,
  millisecondsOf,
  momentText,
  nameText,
  scopeText,
  valueText,
} from "../format.js";
import { stoppedLines } from "../inscope.js";
import { perform } from "../perform.js";
import { notify, page, role } from "../state.js";
import { useTyped } from "../typed.js";
import { html } from "../vendor/preact-htm.js";
import { ActionButton, emptyText, fieldOf, Panel } from "./parts.js";

/** @import { Approval } from "../types/shapes.js" */

const DECIDED_SHOWN = 6;

/** @type {Record<string, string>} */
const DECIDED_WORDS = { applied: "approved", rejected: "rejected" };

/** Each change as a sentence. @param {Approval} approval */
function diffLines(approval) {
  return (approval.diff ?? []).map(
    (row) =>
      `${nameText(row.name)} of ${scopeText(approval.scope)}: ${valueText(row.old)} \u2192 ${valueText(row.new)}` +
      (row.until_ns
        ? `, for good: a raise ends, which would go back to ${valueText(row.back_to)} at ${dateTimeText(row.until_ns)}`
        : ""),
  );
}

/** Who asks, as what: the person where the name says another. @param {Approval} approval */
function askerText({ proposer, person, by }) {
  const name = by === "token" ? `token ${proposer}` : proposer;
  return person && person !== proposer ? `${name} (person ${person})` : name;
}

/** Whose account a grant is for, made when and by whom. @param {Approval} approval */
function accountLines({ account }) {
  if (!account) {
    return [];
  }
  const made = account.created_ns
    ? `made ${dateTimeText(account.created_ns)} by ${account.created_by ?? "whom is not known"}`
    : "to be made";
  return [`Account ${account.user} of person ${account.person}, ${made}`];
}

/** What a resume would let trade again: a second person decides on what stands now. @param {Approval} approval */
function stoppedBy({ kind, scope }) {
  return kind === "state" ? stoppedLines(scope) : [];
}

/** The Unix socket knows no person. @param {Approval} approval */
function hostLines({ by }) {
  return by === "local" ? ["Proposed on the host itself: make sure that it was not you"] : [];
}

/** A raise for an hour and one for good are two things to agree to. @param {Approval} approval */
function lastsLines({ kind, expires_s }) {
  if (kind !== "limits") {
    return [];
  }
  return [
    expires_s
      ? `For ${ageText(expires_s * 1000)} from the approval on, then it returns by itself`
      : "It stays: nothing takes it back by itself",
  ];
}

/** What an account is given may be decided by an admin too. @param {Approval} approval @param {"approve" | "reject"} verb */
function actionOf(approval, verb) {
  return approval.kind === "role" ? `${verb}Grant` : verb;
}

/** @param {Approval} approval @param {"approve" | "reject"} verb @param {string} word with it, may be empty */
async function decide(approval, verb, word) {
  const lines = [
    ...diffLines(approval),
    ...lastsLines(approval),
    ...stoppedBy(approval),
    ...accountLines(approval),
    ...hostLines(approval),
    `Asked by ${askerText(approval)}: \u201c${approval.reason}\u201d`,
  ];
  const answer = await perform(actionOf(approval, verb), lines, () =>
    approvalDecide(approval.id, verb, word.trim()),
  );
  if (answer?.ok) {
    notify("good", `Approval ${approval.id}: ${answer.body?.state ?? verb}`);
  }
}

/** @param {{approval: Approval, first: boolean}} props */
function ApprovalCard({ approval, first }) {
  const [word, setWord] = useTyped(`decision ${approval.id}`, "");
  const own = approval.by === "session" && approval.proposer === page.session?.user;
  const pending = approval.state === "pending";
  const expires = millisecondsOf(approval.expires_ns);
  const off = own ? "The proposer cannot decide: it needs a second person" : "";
  return html`<li class=${`approval approval-${approval.state}`} data-approval=${approval.id}>
    <header>
      <b>${nameText(approval.kind)} ${idText(approval.id)}</b>
      <span class=${`chip approval-chip-${approval.state}`}>${approval.state}</span>
      ${
        pending && expires !== null
          ? html`<span class="minor" title=${momentText(approval.expires_ns)}
              >expires in ${ageText(expires - serverNow())}</span
            >`
          : null
      }
    </header>
    <ul class="diff">
      ${diffLines(approval).map((line) => html`<li key=${line}>${line}</li>`)}
    </ul>
    ${lastsLines(approval).map((line) => html`<p key=${line} data-test="lasts">${line}</p>`)}
    ${accountLines(approval).map((line) => html`<p key=${line} data-test="account">${line}</p>`)}
    <p class="minor">${askerText(approval)} asks: <q>${approval.reason}</q></p>
    ${pending ? hostLines(approval).map((line) => html`<p key=${line} class="minor">${line}</p>`) : null}
    ${
      !pending && approval.decider
        ? html`<p class="minor" data-test="decider">
            ${DECIDED_WORDS[approval.state] ?? "decided"} by <b>${approval.decider}</b>${approval.decision ? html`: <q>${approval.decision}</q>` : null}
          </p>`
        : null
    }
    ${
      pending
        ? html`<label class="unseen" for=${`decision-${approval.id}`}>What the proposer is told</label>
          <input
            id=${`decision-${approval.id}`}
            ...${fieldOf(actionOf(approval, "reject"), off)}
            autocomplete="off"
            maxlength="200"
            placeholder="a word to the proposer, if need be"
            value=${word}
            onInput=${(/** @type {any} */ event) => setWord(event.target.value)}
          />
          <div class="buttons">
            <${ActionButton}
              id=${first ? "at-approve" : undefined}
              action=${actionOf(approval, "approve")}
              kind="approve"
              off=${off}
              onPress=${() => decide(approval, "approve", word)}
            />
            <${ActionButton}
              action=${actionOf(approval, "reject")}
              kind="plain"
              off=${off}
              onPress=${() => decide(approval, "reject", word)}
            />
            ${own ? html`<span class="minor">needs another person</span>` : null}
          </div>`
        : null
    }
  </li>`;
}

/** How many wait for a second person. */
export function approvalsPending() {
  return [...page.approvals.values()].filter((approval) => approval.state === "pending").length;
}

export function ApprovalsPanel() {
  const allowed = roleReaches(role(), "risk");
  const all = [...page.approvals.values()].sort((a, b) =>
    BigInt(b.expires_ns ?? 0) > BigInt(a.expires_ns ?? 0) ? 1 : -1,
  );
  const pending = all.filter((approval) => approval.state === "pending");
  const decided = all.filter((approval) => approval.state !== "pending").slice(0, DECIDED_SHOWN);
  const count =
    pending.length > 0
      ? html`<span class="chip chip-warn">${`${pending.length} waiting`}</span>`
      : null;
  const nothing = allowed
    ? emptyText("approvals", "Nothing waits for approval")
    : "Approvals need role risk";
  return html`<${Panel}
    id="approvals"
    title="Approvals"
    action="approve"
    topic=${allowed ? "approvals" : "status"}
    extra=${count}
  >
    <ul class="approvals" aria-live="polite">
      ${[...pending, ...decided].map(
        (approval, index) =>
          html`<${ApprovalCard} key=${approval.id} approval=${approval} first=${index === 0} />`,
      )}
    </ul>
    ${all.length === 0 ? html`<p class="nothing">${nothing}</p>` : null}
  <//>`;
}
