// Keeps a fault where it happened: what throws while it is drawn is replaced by a panel that says so, and
// the rest of the page, the kill switch first of all, goes on. What the server says next may be drawn well, so it
// is tried again by itself, less and less often.

import { Component, html } from "../vendor/preact-htm.js";

const AGAIN_MS = 2000;
const AGAIN_MAX_MS = 60000;
/** By then what is drawn again has run its effects, too. */
const SETTLE_MS = 400;

/** @param {{what: string, error: Error, onRetry: () => void, onClose?: () => void}} props */
function Broken({ what, error, onRetry, onClose }) {
  return html`<section class="broken" role="alert" data-test="broken">
    <h2>${what} cannot be shown</h2>
    <p>
      Something in it broke: <code>${error.message}</code>. Trading does not depend on it; the kill switch and the
      rest of the page work. It is tried again by itself.
    </p>
    <button type="button" class="button button-plain" onClick=${onRetry}>Try again</button>
    ${onClose ? html`<button type="button" class="button button-plain" onClick=${onClose}>Close</button>` : null}
  </section>`;
}

/**
 * `fallback` stands for the panel where there is no room for one; `onClose` drops what was to be shown. What it guards has an element of its own, for a
 * component that throws leaves behind what it drew before: old words beside those that say they are not known. Those
 * stay as they are while it is tried: made anew each time, they would be read out each time and drop the focus.
 */
export class Boundary extends Component {
  /** @param {{what: string, fallback?: any, onClose?: () => void, children?: any}} props */
  constructor(props) {
    super(props);
    /** @type {{error: Error | null, at: number, waitMs: number}} */
    this.state = { error: null, at: -Infinity, waitMs: AGAIN_MS };
  }

  /** @param {unknown} thrown */
  componentDidCatch(thrown) {
    const at = performance.now();
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const anew = at - this.state.at > 2 * AGAIN_MAX_MS;
    this.setState({ error, at, waitMs: anew ? AGAIN_MS : Math.min(AGAIN_MAX_MS, 2 * this.state.waitMs) });
  }

  render() {
    const { what, fallback, onClose, children } = this.props;
    const { error, at, waitMs } = this.state;
    const triedMs = error ? performance.now() - at - waitMs : Infinity;
    const onRetry = () => this.setState({ at: performance.now() - AGAIN_MS, waitMs: AGAIN_MS });
    const onDrop = onClose && (() => {
      onClose();
      this.setState({ error: null, at: -Infinity, waitMs: AGAIN_MS });
    });
    const tag = fallback ? "span" : "div";
    const said = error && triedMs < SETTLE_MS;
    const broken = said ? (fallback ?? html`<${Broken} what=${what} error=${error} onRetry=${onRetry} onClose=${onDrop} />`) : null;
    return [
      said ? html`<${tag} key="broken" class=${triedMs < 0 ? "bounded" : "unshown"}>${broken}<//>` : null,
      triedMs < 0 ? null : html`<${tag} key="whole" class="bounded">${children}<//>`,
    ];
  }
}
