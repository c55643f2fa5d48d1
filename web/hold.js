// Press and hold: something happens only when a press lasts, and not when it is left.
//
// A beat counts only when the page is awake to hear a release before it: ten timers of a tenth, each its own
// task, so that a page that stood still for a second does not take a click for a long press.
// A press is meant for what the button said when it began: when that changes under it, the press is over.

import { useEffect, useRef, useState } from "./vendor/preact-htm.js";

export const HOLD_BEATS = 10;
const BEAT_MS = 100;
const HOLD_KEYS = [" ", "Enter"];

/**
 * @param {() => void} does when the press has lasted, as it was last drawn
 * @param {string} what it does, as far as a press may not go on when it changes
 * @returns {{beats: number, handlers: Record<string, (event: any) => void>}} how far it has come; HOLD_BEATS: done
 */
export function useHold(does, what) {
  const [beats, setBeats] = useState(0);
  const timer = useRef(/** @type {number | null} */ (null));
  const drawn = useRef({ does, what });
  drawn.current = { does, what };

  function stop() {
    if (timer.current !== null) {
      clearInterval(timer.current);
      timer.current = null;
    }
    setBeats(0);
  }

  function start() {
    stop();
    let count = 0;
    timer.current = setInterval(() => {
      if (drawn.current.what !== what) {
        stop();
        return;
      }
      count++;
      setBeats(count);
      if (count === HOLD_BEATS && timer.current !== null) {
        clearInterval(timer.current);
        drawn.current.does();
      }
    }, BEAT_MS);
  }

  // The button itself hears no blur where a click gives it no focus, nor when the tab is switched under the press.
  useEffect(() => {
    addEventListener("blur", stop);
    document.addEventListener("visibilitychange", stop);
    return () => {
      removeEventListener("blur", stop);
      document.removeEventListener("visibilitychange", stop);
      stop();
    };
  }, []);
  return {
    beats,
    handlers: {
      onPointerDown: (/** @type {PointerEvent} */ event) => {
        // A finger is captured by the innermost part that it touches, and would never be said to leave.
        const touched = /** @type {Element} */ (event.target);
        if (touched.hasPointerCapture(event.pointerId)) {
          touched.releasePointerCapture(event.pointerId);
        }
        if (event.button === 0) {
          start();
        }
      },
      onPointerUp: stop,
      onPointerLeave: stop,
      onPointerCancel: stop,
      onBlur: stop,
      onContextMenu: (/** @type {Event} */ event) => event.preventDefault(),
      onKeyDown: (/** @type {KeyboardEvent} */ event) => {
        if (HOLD_KEYS.includes(event.key)) {
          event.preventDefault();
          if (!event.repeat) {
            start();
          }
        }
      },
      onKeyUp: stop,
    },
  };
}
