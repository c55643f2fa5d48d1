// What was typed, over a look at another view and over the end of the session: the same person finds it again.
//
// In the memory of this page and nowhere else: a reload drops it, so does a log-out, so does another user. Forms
// hold what is typed by `useTyped` in place of `useState`; it is put aside when they go away and taken when they are
// there again. What proves a person or a danger (password, code, the typed KILL) is never held by it; a secret that
// the server tells only once is, until its person has noted it.

import { useEffect, useRef, useState } from "./vendor/preact-htm.js";

/** @type {Map<string, unknown>} */
const kept = new Map();
/** Of the forms that are shown, what sets the field. @type {Map<string, (next: any) => void>} */
const shown = new Map();
/** Another for each person: what the forms of the one before held goes with them, whenever they go. */
let turn = 0;
let ended = false;
/** @type {string | null} */
let owner = null;

/** Somebody is in: what is kept stays only for its owner. @param {string} user */
export function typedEnter(user) {
  if (owner !== user) {
    kept.clear();
    turn += 1;
  }
  owner = user;
  ended = false;
}

/** The session has ended by itself: forms that go away now leave here what they hold. */
export function typedKeep() {
  ended = true;
}

/** The person has left by their own will. */
export function typedForget() {
  kept.clear();
  turn += 1;
  owner = null;
  ended = false;
}

/** What is kept under a name, once. @param {string} id @param {any} blank @returns {any} */
export function typedTake(id, blank) {
  const value = kept.has(id) ? kept.get(id) : blank;
  kept.delete(id);
  return value;
}

/** @param {string} id @param {unknown} value */
export function typedPut(id, value) {
  kept.set(id, value);
}

/**
 * What was put away is changed, too: an answer may come when its form has gone.
 * @param {string} id
 * @param {any} next
 */
function setElsewhere(id, next) {
  const elsewhere = shown.get(id);
  if (elsewhere) {
    elsewhere(next);
  } else if (kept.has(id)) {
    kept.set(id, typeof next === "function" ? next(kept.get(id)) : next);
  }
}

/**
 * As useState, for as long as this page is one person's. `id` names the field in the whole page and never changes.
 * What is set when the form has gone is what it will hold when it is there again: what was sent is not typed still.
 * @template T
 * @param {string} id
 * @param {T} blank
 * @param {boolean} [closes] its form is closed by the person, who drops it then; only a session's end keeps it
 * @returns {[T, (next: T | ((now: T) => T)) => void]}
 */
export function useTyped(id, blank, closes = false) {
  const [value, setValue] = useState(
    /** @returns {T} */ () => (kept.has(id) ? /** @type {any} */ (kept.get(id)) : blank),
  );
  const taken = useRef(value);
  const held = useRef(value);
  held.current = value;
  const whose = useRef(turn);
  const gone = useRef(false);
  useEffect(() => {
    // Only now: a form that broke while it was drawn has held nothing.
    if (kept.get(id) === taken.current) {
      kept.delete(id);
    }
    shown.set(id, setValue);
    return () => {
      gone.current = true;
      if (shown.get(id) === setValue) {
        shown.delete(id);
      }
      if (whose.current === turn && (ended || !closes)) {
        kept.set(id, held.current);
      }
    };
  }, []);
  const set = useRef((/** @type {T | ((now: T) => T)} */ next) => {
    if (!gone.current) {
      setValue(next);
    } else if (whose.current === turn) {
      setElsewhere(id, next);
    }
  });
  return [value, set.current];
}
