// Lists that the stream does not tell: asked for at once, and again as long as they are looked at.

import { ageText } from "./format.js";
import { useEffect, useRef, useState } from "./vendor/preact-htm.js";

/** @import { Answer, List } from "./types/shapes.js" */

const READ_MS = 5000;
/** How often a list that grows old is asked for, and since when answers of our own server did not come. */
export const TOLD_MS = 2000;
export const LATE_MS = 7000;

/**
 * @template T
 * @param {() => Promise<Answer<List<T>>>} ask
 * @returns {readonly [T[] | null, () => Promise<void>, string]} the rows, null before the first answer; how to ask at
 *   once; and that they are old, in words, while answers do not come
 */
export function useAsked(ask) {
  const [items, setItems] = useState(/** @type {T[] | null} */ (null));
  const answeredAt = useRef(performance.now());
  async function load() {
    const answer = await ask();
    if (answer.ok && answer.body) {
      answeredAt.current = performance.now();
      setItems(answer.body.items);
    }
  }
  useEffect(() => {
    load();
    const timer = setInterval(load, READ_MS);
    return () => clearInterval(timer);
  }, []);
  const since = performance.now() - answeredAt.current;
  return [items, load, since > READ_MS + LATE_MS ? `Old: not answered for ${ageText(since)}` : ""];
}

/**
 * The same for a list that grows old: with how long ago it was told. What is asked for is named by `subject`;
 * an answer for another one is none.
 * @template {List<any>} L
 * @param {string} subject empty: nothing is asked
 * @param {(subject: string) => Promise<Answer<L>>} ask
 * @param {number} everyMs
 * @returns {{items: L["items"], body: L, since: number} | null} null before the first answer; since: in ms
 */
export function useTold(subject, ask, everyMs) {
  const [told, setTold] = useState(/** @type {{subject: string, body: L, at: number} | null} */ (null));
  useEffect(() => {
    let looking = true;
    async function load() {
      const at = performance.now();
      const { ok, body } = await ask(subject);
      if (looking && ok && body?.items) {
        // A late answer does not replace a newer one.
        setTold((held) => (held?.subject === subject && held.at > at ? held : { subject, body, at }));
      }
    }
    if (subject === "") {
      return undefined;
    }
    load();
    const timer = setInterval(load, everyMs);
    return () => {
      looking = false;
      clearInterval(timer);
    };
  }, [subject]);
  return told?.subject === subject ? { items: told.body.items, body: told.body, since: performance.now() - told.at } : null;
}
