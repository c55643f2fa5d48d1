// Lists that the stream does not tell: asked for at once, and again as long as they are looked at.

import { useEffect, useState } from "./vendor/preact-htm.js";

/** @import { Answer, List } from "./types/shapes.js" */

const READ_MS = 5000;

/**
 * @template T
 * @param {() => Promise<Answer<List<T>>>} ask
 * @returns {readonly [T[] | null, () => Promise<void>]} the rows, null before the first answer; and how to ask at once
 */
export function useAsked(ask) {
  const [items, setItems] = useState(/** @type {T[] | null} */ (null));
  async function load() {
    const answer = await ask();
    if (answer.ok && answer.body) {
      setItems(answer.body.items);
    }
  }
  useEffect(() => {
    load();
    const timer = setInterval(load, READ_MS);
    return () => clearInterval(timer);
  }, []);
  return [items, load];
}
