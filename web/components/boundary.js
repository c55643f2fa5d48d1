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

/**
 * `fallback` stands for the panel where there is no room for one. What it guards has an element of its own, for a
 * component that throws leaves behind what it drew before: old words beside those that say they are not known.
 */
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
    const onRetry = () => this.setState({ error: null });
    const shown = error ? (fallback ?? html`<${Broken} what=${what} error=${error} onRetry=${onRetry} />`) : children;
    const key = error ? "broken" : "whole";
    return fallback
      ? html`<span key=${key} class="bounded">${shown}</span>`
      : html`<div key=${key} class="bounded">${shown}</div>`;
  }
}
