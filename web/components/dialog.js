// The one frame of dialogs. It says in the mode's colour which desk this is, takes the focus and keeps it,
// and gives it back; Escape steps back from wherever the focus is. It is not modal on purpose: nothing may
// stand between a hand and the kill switch, whose key leads out of it.

import { DASH } from "../format.js";
import { page } from "../state.js";
import { html, useLayoutEffect, useRef } from "../vendor/preact-htm.js";

const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea";

/** Goes round at the ends. @param {HTMLElement} box @param {KeyboardEvent} event */
function keepFocus(box, event) {
  const all = /** @type {HTMLElement[]} */ ([...box.querySelectorAll(FOCUSABLE)]);
  const [first, last] = [all[0], all[all.length - 1]];
  const end = event.shiftKey ? first : last;
  if (event.key === "Tab" && all.length > 0 && document.activeElement === end) {
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}

/**
 * @param {{current: HTMLElement | null}} box
 * @param {() => void} onClose
 * @param {string | undefined} home the id of what gets the focus when whoever had it is gone
 */
function useFocus(box, onClose, home) {
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") {
        close.current();
      }
    };
    document.addEventListener("keydown", onKey);
    const first = box.current?.querySelector("[data-first]") ?? box.current?.querySelector("button");
    /** @type {HTMLElement | null | undefined} */ (first)?.focus();
    if (first instanceof HTMLInputElement) {
      first.select();
    }
    return () => {
      document.removeEventListener("keydown", onKey);
      const goal = before?.isConnected || !home ? before : document.getElementById(home);
      goal?.focus();
    };
  }, []);
}

/**
 * A form when it has `onSubmit`. What carries `data-first` gets the focus, or else the first button.
 * @param {{id: string, title: any, wide?: boolean, onClose: () => void, onSubmit?: (event: Event) => void,
 *   home?: string, test?: string, extra?: any, children?: any}} props
 */
export function Dialog({ id, title, wide = false, onClose, onSubmit, home, test, extra = null, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useFocus(box, onClose, home);
  const Frame = onSubmit ? "form" : "section";
  return html`<div class="dialog-place">
    <${Frame}
      ref=${box}
      class=${`dialog ${wide ? "dialog-wide" : ""}`}
      role="dialog"
      aria-labelledby=${`${id}-title`}
      data-test=${test}
      novalidate=${onSubmit ? true : undefined}
      onSubmit=${onSubmit}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => box.current && keepFocus(box.current, event)}
    >
      <div class="dialog-where" data-test="dialog-where">
        <span>${page.status?.mode?.toUpperCase() ?? DASH}</span>${" "}
        <span>${page.status?.instance ?? DASH}</span>
      </div>
      <div class="dialog-head">
        <h2 id=${`${id}-title`}>${title}</h2>
        ${extra}
      </div>
      ${children}
    <//>
  </div>`;
}
