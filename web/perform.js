// How an action is carried out: asks twice when the list says so, asks for the password when the server
// wants the person again, and says what came back.

import { ACTIONS } from "./actions.js";
import { ask, notify, page } from "./state.js";

/** @import { Problem } from "./types/shapes.js" */

/**
 * @template T
 * @typedef {import("./types/shapes.js").Answer<T>} Answer
 */

const CONFLICT = 409;

/** @param {Problem | null | undefined} problem */
export function problemText(problem) {
  const says = problem?.detail ?? problem?.title;
  return says ? `${says} (${problem?.code})` : (problem?.code ?? "refused");
}

/**
 * @template T
 * @param {string} id of the action
 * @param {string[]} lines what will happen, in words
 * @param {() => Promise<Answer<T>>} send
 * @param {(answer: Answer<T>) => void} [onRefused] says the refusal where the person looks; else a notice
 * @param {import("./typeback.js").Back[]} [back] what the person types once more first
 * @returns {Promise<Answer<T> | null>} null when the person stepped back
 */
export async function perform(id, lines, send, onRefused, back = []) {
  const action = ACTIONS[id];
  if (action.twice || back.length > 0) {
    const label = action.confirm ?? action.label;
    const question = { title: `${action.label}?`, lines, label, danger: true };
    if (!(await ask({ kind: "confirm", ...question, back }))) {
      return null;
    }
  }
  let answer = await send();
  if (answer.status === 403 && answer.problem?.code === "reauth_required") {
    const who = `${page.session?.user}, this needs your password once more (it holds for five minutes).`;
    const question = {
      title: "Is it still you?",
      lines: [who],
      label: action.confirm ?? action.label,
      danger: false,
    };
    if (!(await ask({ kind: "password", ...question }))) {
      return null;
    }
    answer = await send();
  }
  if (!answer.ok && onRefused) {
    onRefused(answer);
  } else if (!answer.ok) {
    // Somebody or something was quicker: worth a word, not an alarm that stays.
    const tone = answer.status === CONFLICT ? "warn" : "bad";
    notify(tone, `${action.label}: ${problemText(answer.problem)}`);
  }
  return answer;
}
