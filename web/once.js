// One at a time: a second click, or Enter, while the first is under way would do what was done once more, under
// a key of its own, so that the server could not tell that it was meant once.

import { useRef } from "./vendor/preact-htm.js";

/**
 * @template {any[]} A
 * @param {(...args: A) => unknown} does
 * @returns {(...args: A) => Promise<void>} does nothing until what it began before has ended
 */
export function useOnce(does) {
  const running = useRef(false);
  return async (...args) => {
    if (running.current) {
      return;
    }
    running.current = true;
    try {
      await does(...args);
    } finally {
      running.current = false;
    }
  };
}

/**
 * The same for a form, whose submission the page carries out itself.
 * @param {() => unknown} does
 * @returns {(event: Event) => void}
 */
export function useSubmit(does) {
  const send = useOnce(does);
  return (event) => {
    event.preventDefault();
    send();
  };
}
