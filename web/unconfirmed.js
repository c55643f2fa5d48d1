// Kills that nobody confirmed when they were asked for: what was said of them is taken back once it is known
// that they, or others of the same scope, were carried out. A server that stood still carries out what it
// read late, and then tells it by the stream.

import { idText, scopeText } from "./format.js";
import { noticeClose, notify, page, stale, topicSynced } from "./state.js";
import { useEffect, useRef } from "./vendor/preact-htm.js";

/** @import { Receipt } from "./types/shapes.js" */

/**
 * `at`: when it was given up, of the page's monotonic clock.
 * @typedef {{notice: number, scope: string, flatten: boolean, at: number}} Unconfirmed
 */

/** Does this receipt hold what was asked for? @param {Unconfirmed} asked @param {Receipt} receipt */
function covers({ scope, flatten }, receipt) {
  return receipt.scope === scope && (!flatten || receipt.flatten !== null);
}

/**
 * The incident under which the scope stands, as the stream in step says it now. One that is over proves nothing:
 * it may be older than the press and only new to this page.
 * @param {Unconfirmed} asked
 * @returns {Receipt | null}
 */
function proofOf(asked) {
  const row = page.tradingStates.get(asked.scope);
  const told = !stale() && topicSynced("kill") && (page.stream?.lastFrameAt ?? -Infinity) > asked.at;
  const receipt = told && row?.state === "HALTED" ? page.receipts.get(row.incident ?? "") : null;
  return receipt && covers(asked, receipt) ? receipt : null;
}

/**
 * To be used where each draw of the page comes by.
 * @param {(receipt: Receipt) => void} onReceipt the receipt that came after all
 */
export function useUnconfirmed(onReceipt) {
  const waiting = useRef(/** @type {Unconfirmed[]} */ ([]));

  /** @param {Unconfirmed} asked */
  function drop(asked) {
    waiting.current = waiting.current.filter((other) => other !== asked);
    noticeClose(asked.notice);
  }

  useEffect(() => {
    for (const asked of waiting.current) {
      const receipt = proofOf(asked);
      if (receipt) {
        drop(asked);
        const whose = `incident ${idText(receipt.incident)} by ${receipt.actor}`;
        notify("warn", `The kill is confirmed after all: ${scopeText(asked.scope)}, ${whose}`);
        onReceipt(receipt);
      }
    }
  });

  return {
    /** @param {number} notice what was said @param {string} scope @param {boolean} flatten */
    add(notice, scope, flatten) {
      waiting.current.push({ notice, scope, flatten, at: performance.now() });
    },
    /** A press was answered: it stands for those before it. @param {Receipt} receipt */
    settle(receipt) {
      waiting.current.filter((asked) => covers(asked, receipt)).forEach(drop);
    },
  };
}
