// Keeps a fault where it happened: what throws while it is drawn is replaced by a panel that says so, and
// the rest of the page, the kill switch first of all, goes on.

import { Component, html } from "../vendor/preact-htm.js";

/** @param {{what: string, error: Error, onRetry: () => void}} props */
function Broken({ what, error, onRetry }) {
  return html`<section class="broken" role="alert" data-test="broken">
    <h2>${what} cannot be shown</h2>
    <p>
      Something in it broke: <code>${error.message}</code>. Trading goes on as it was; the kill switch and the
      other views work.
    </p>
    <button type="button" class="button button-plain" onClick=${onRetry}>Try again</button>
  </section>`;
}

/** `fallback` stands for the panel where there is no room for one. */
export class Boundary extends Component {
  /** @param {{what: string, fallback?: any, children?: any}} props */
  constructor(props) {
    super(props);
    /** @type {{error: Error | null}} */
    this.state = { error: null };
  }

  /** @param {unknown} thrown */
  static getDerivedStateFromError(thrown) {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) };
  }

  render() {
    const { what, fallback, children } = this.props;
    const { error } = this.state;
    if (!error) {
      return children;
    }
    const onRetry = () => this.setState({ error: null });
    return fallback ?? html`<${Broken} what=${what} error=${error} onRetry=${onRetry} />`;
  }
}
