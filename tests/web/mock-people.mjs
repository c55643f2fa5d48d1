// The rest of the fake desk: alerts and their hand-over, use of limits, the order ticket, accounts, tokens and
// sessions. `peopleRoute` answers what it knows and says so.

const now = () => String(BigInt(Date.now()) * 1000000n);

function alert(id, code, severity, labels, says) {
  return {
    id, alert: code, severity, state: "firing", labels, value: "0.9", threshold: "0.8", says,
    runbook: `alert-${code}`, since_ns: now(), resolved_ns: null, acknowledged: null,
  };
}

/** What the desk holds of this, made at the first look. */
export function peopleOf(desk) {
  desk.people ??= {
    alerts: [
      alert("AL1-1", "watchdog", "notify", {}, "always firing: it shows that alerts arrive"),
      alert("AL1-2", "limit_use", "notify", { scope: "strategy/maker", limit: "max_open_orders" }, "strategy/maker: 0.9 of max_open_orders is used"),
      alert("AL1-3", "stream_down", "page", { venue: "sim" }, "sim is DOWN for 31 s"),
    ],
    handOver: [],
    accounts: ["viewer", "trader", "risk1", "risk2", "admin"].map((user) => ({
      user, person: user, role: user.replace(/\d/, ""), disabled: false, must_change_password: false, totp: false,
      version: 1, created_ns: now(),
    })),
    tokens: [],
  };
  return desk.people;
}

function acknowledge(desk, id, note, session, reply) {
  const row = peopleOf(desk).alerts.find((one) => one.id === id);
  row.acknowledged = { id, by: session.user, person: session.user, at_ns: now(), note };
  peopleOf(desk).handOver.unshift({ what: "acknowledged", id, alert: row.alert, labels: row.labels, by: session.user, person: session.user, at_ns: now(), note });
  reply(200, row);
}

function place(desk, body, session, reply) {
  const market = desk.markets.find((one) => one.instrument === body.instrument);
  const order = {
    id: String(900000 + desk.orders.length), seq: desk.orders.length + 1, instrument: market.instrument,
    strategy: "manual", actor: session.user, side: body.side, type: body.type, tif: body.tif, price: body.price ?? null,
    qty: body.qty, filled: "0", leaves: body.qty, avg_price: null, state: "WORKING", sent_ns: now(), acked_ns: now(), reason: null,
  };
  desk.orders.unshift(order);
  desk.touched?.push(order);
  reply(201, order);
}

function account(desk, what, { body, reply }) {
  const { accounts } = peopleOf(desk);
  const name = what.split("/")[2];
  const row = accounts.find((one) => one.user === name);
  if (what.startsWith("PATCH")) {
    Object.assign(row, body, { version: row.version + 1 });
    reply(200, row);
  } else {
    const made = { person: body.user, disabled: false, must_change_password: true, totp: false, version: 1, created_ns: now(), ...body };
    delete made.password;
    accounts.push(made);
    reply(201, made);
  }
}

/** Use of each limit in per cent: of the firm only, so that an order by nearness shows. */
function withUse(limits) {
  const used = { max_open_orders: "92.50", max_position_lots: "12.00", max_daily_loss: "100.00", max_order_lots: null };
  return limits.map((row) => ({ ...row, used_percent: row.scope === "firm" ? used : {} }));
}

export function peopleRoute(desk, what, call) {
  const { session, reply, body } = call;
  const people = peopleOf(desk);
  const acknowledged = /^POST \/alerts\/(.+)\/acknowledge$/.exec(what);
  if (what === "GET /limits") {
    reply(200, { items: withUse(desk.limits), next: null });
  } else if (/^GET \/limits\/.+\/history$/.test(what)) {
    reply(200, { items: [], next: null });
  } else if (what === "POST /limits/what-if") {
    reply(200, { minutes: body.minutes, judged: 120, passed: 118, denied: 2, would_deny: 7, would_pass: 0, by_limit: { max_order_lots: 7 }, used_ratio: {}, examples: [] });
  } else if (what === "GET /alerts/hand-over") {
    reply(200, { items: people.handOver, next: null });
  } else if (what === "POST /alerts/note") {
    people.handOver.unshift({ what: "note", by: session.user, person: session.user, at_ns: now(), note: body.note });
    reply(201, people.handOver[0]);
  } else if (acknowledged) {
    acknowledge(desk, acknowledged[1], body.note, session, reply);
  } else if (what === "POST /orders") {
    place(desk, body, session, reply);
  } else if (what === "POST /orders/cancel-all") {
    reply(202, { scope: body.scope, reason: body.reason, orders: 3 });
  } else if (what === "GET /users") {
    reply(200, { items: people.accounts, next: null });
  } else if (/^(POST|PATCH) \/users/.test(what)) {
    account(desk, what, call);
  } else if (what === "GET /tokens") {
    reply(200, { items: people.tokens, next: null });
  } else if (what === "POST /tokens") {
    const made = { name: body.name, person: session.user, role: body.role ?? null, scope: body.scope ?? null, created_ns: now(), expires_ns: now(), state: "valid" };
    people.tokens.push(made);
    reply(201, { ...made, token: "pw_shown_once" });
  } else if (what === "GET /sessions") {
    reply(200, { items: [{ id: "1", user: session.user, address: "127.0.0.1", made_ns: now(), acted_ns: now(), expires_ns: now(), own: true }], next: null });
  } else if (what === "GET /latency-audit") {
    const row = { area: "speed", name: "governor", verdict: "fail", found: "powersave", wanted: "performance", hint: "deploy/tune.sh sets it" };
    const isolated = { area: "core", name: "isolated", verdict: "warn", found: "no core", wanted: "the engine's core is in it", hint: "isolcpus=CORE" };
    const unknown = { area: "core", name: "nohz_full", verdict: "unknown", found: null, wanted: "the engine's core is in it", hint: "nohz_full=CORE" };
    reply(200, { core: 1, verdict: "fail", counts: { ok: 50, warn: 1, fail: 1, unknown: 1 }, results: [isolated, unknown, row] });
  } else if (what === "GET /audit/verify") {
    reply(200, { ok: true, rows: desk.audit.length, head_seq: desk.audit.length, head_hash: "00", first_bad_seq: null, anchors: 3, reason: null });
  } else {
    return false;
  }
  return true;
}
