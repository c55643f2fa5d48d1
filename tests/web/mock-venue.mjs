// What the fake desk's venue tells beside the stream: its public trades, our account there.

const now = (ms = 0) => String(BigInt(Date.now() - ms) * 1000000n);

/** The tape of an instrument; one trade more at each look, unless `desk.tapeStands`. */
function tapeOf(desk, instrument) {
  desk.tapes ??= new Map();
  const tape = desk.tapes.get(instrument) ?? [];
  const book = desk.book(desk.markets.find((market) => market.instrument === instrument));
  if (!desk.tapeStands) {
    const seq = (tape[0]?.seq ?? 0) + 1;
    const [side, level] = seq % 3 === 0 ? ["sell", book.bids[0]] : ["buy", book.asks[0]];
    const [price, qty] = level;
    tape.unshift({ seq, id: String(seq), instrument, side, qty, price, at_ns: now(120), venue_ns: now(130), age_ns: "120000000" });
  }
  desk.tapes.set(instrument, tape);
  return tape;
}

/** Of an instrument today; `more` is what a test has put in its place. */
export function fillsOf(instrument, more = {}) {
  return {
    instrument, currency: "USDT", since_ns: "1790000000000000000", fills: 12, fee: "-1.25", fills_since_told: 0,
    venue_fills: 12, venue_fee: "-1.25", told_ns: now(400), age_ns: "400000000", ...more,
  };
}

function accountsOf(desk) {
  const instruments = desk.markets.map(({ instrument }) => fillsOf(instrument));
  return desk.accounts ?? [{ venue: "sim", simulated: true, balance: null, instruments }];
}

/** An execution as the two sides have it; `venue` null: the venue's list does not have it. */
export function pairOf(no, state, ours, venue, more = {}) {
  const terms = { side: "buy", qty: "0.004", price: "65000.1", fee: "0.13" };
  return {
    id: `0-${no}`, state, why: null, order: "PW1-2A5", at_ns: String(1790000068748950248n + BigInt(no)),
    ours: ours && { ...terms, ...ours }, venue: venue && { ...terms, ...venue }, ...more,
  };
}

const APART = ["differs", "ours_only", "venue_only"];

/** The server's answer to `GET /reconciliation/{instrument}/fills`: of `desk.pairs`, the newest first. */
export function pairsOf(desk, instrument, state, limit) {
  const all = desk.pairs?.[instrument] ?? [];
  const states = state === "apart" ? APART : [state];
  const items = all.filter((pair) => !state || states.includes(pair.state));
  const count = (name) => all.filter((pair) => pair.state === name).length;
  return {
    instrument, currency: "USDT", since_ns: "1790000000000000000", told_ns: now(400), age_ns: "400000000",
    counts: Object.fromEntries(["both", ...APART, "unknown"].map((name) => [name, count(name)])),
    items: items.slice(0, limit), next: items.length > limit ? String(items.length - limit) : null, ...desk.pairsSaid,
  };
}

export function venueRoute(desk, what, { query, reply }) {
  const pairs = /^GET .reconciliation.(.+).fills$/.exec(what);
  if (pairs) {
    reply(200, pairsOf(desk, pairs[1], query.get("state"), Number(query.get("limit") ?? 100)));
    return true;
  }
  if (what === "GET /reconciliation") {
    reply(200, { items: accountsOf(desk), next: null });
    return true;
  }
  if (what !== "GET /trades") {
    return false;
  }
  const instrument = query.get("instrument");
  reply(200, { items: tapeOf(desk, instrument).slice(0, Number(query.get("limit"))), next: null });
  return true;
}
