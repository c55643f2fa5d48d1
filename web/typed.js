// What was typed, over a look at another view and over the end of the session: the same person finds it again.
//
// In the memory of this page and nowhere else: a reload drops it, so does a log-out, so does another user. Forms
// hold what is typed by `useTyped` in place of `useState`; it is put aside when they go away and taken when they are
// there again. What proves a person or a danger (password, code, the typed KILL) is never held by it.

import { useEffect, useRef, useState } from "./vendor/preact-htm.js";

/** @type {Map<string, unknown>} */
const kept = new Map();
let ended = false;
/** @type {string | null} */
let owner = null;

/** Somebody is in: what is kept stays only for its owner. @param {string} user */
export function typedEnter(user) {
  if (owner !== user) {
    kept.clear();
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
 * As useState, for as long as this page is one person's. `id` names the field in the whole page and never changes.
 * @template T
 * @param {string} id
 * @param {T} blank
 * @param {boolean} [closes] its form is closed by the person, who drops it then; only a session's end keeps it
 * @returns {[T, (next: T | ((now: T) => T)) => void]}
 */
export function useTyped(id, blank, closes = false) {
  const [value, setValue] = useState(/** @returns {T} */ () => typedTake(id, blank));
  const held = useRef(value);
  held.current = value;
  useEffect(
    () => () => {
      if (ended || !closes) {
        kept.set(id, held.current);
      }
    },
    [],
  );
  return [value, setValue];
}
