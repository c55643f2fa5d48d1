// A moving fake of the desk behind the API: books that walk, orders that fill, limits, kills, approvals.
//
// It imitates shapes, not the engine: whatever it shows is only as true as the dashboard's tests need.
// Everything is drawn from one seeded generator, so a test run is the same run each time.

const INSTRUMENTS = [
  { symbol: "BTCUSDT", tick_size: "0.10", lot_size: "0.001", mid: 650001, places: 1, qty: 3 },
  { symbol: "ETHUSDT", tick_size: "0.01", lot_size: "0.01", mid: 342017, places: 2, qty: 2 },
  { symbol: "SOLUSDT", tick_size: "0.001", lot_size: "0.1", mid: 171234, places: 3, qty: 1 },
];

/** Of a position without funding and margin. */
export const NO_MARGIN = {
  funding: "0",
  funding_due: null,
  margin_ratio: null,
  liquidation_price: null,
  liquidation_distance_ratio: null,
};

export const SCOPES = [
  "firm",
  "venue/sim",
  "strategy/maker",
  "strategy/momentum",
  "instrument/sim:BTCUSDT",
  "instrument/sim:ETHUSDT",
  "instrument/sim:SOLUSDT",
];

export const LIMIT_ROWS = [
  ["max_order_lots", "lots", "integer", 1, 1000000, "lots of this order", 500],
  [
    "max_order_notional",
    "USDT",
    "decimal",
    "0",
    "100000000",
    "price times size of this order",
    "250000",
  ],
  ["max_position_lots", "lots", "integer", 0, 10000000, "worst case if all fill", 4000],
  ["max_open_orders", "orders", "integer", 0, 10000, "orders that may rest at once", 40],
  ["max_messages_per_s", "messages/s", "integer", 1, 100000, "new, amend and cancel", 200],
  [
    "price_collar_ratio",
    "ratio",
    "decimal",
    "0",
    "1",
    "distance from the reference price",
    "0.0125",
  ],
  ["max_data_age_ms", "ms", "integer", 1, 60000, "age of the market data", 1500],
  ["max_daily_loss", "USDT", "decimal", "0", "100000000", "loss since midnight UTC", "20000.50"],
];

const USERS = { viewer: "viewer", trader: "trader", risk1: "risk", risk2: "risk", admin: "admin" };

function now() {
  return String(BigInt(Date.now()) * 1000000n);
}

/** mulberry32: small, seeded, good enough for a fake. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** An integer of 10^-places as decimal text. */
function decimal(value, places) {
  const digits = String(Math.abs(Math.round(value))).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  return (value < 0 ? "-" : "") + (places > 0 ? `${whole}.${digits.slice(-places)}` : whole);
}

export class Desk {
  constructor({ seed = 1, mode = "sim" } = {}) {
    this.random = generator(seed);
    this.mode = mode;
    this.startedAt = Date.now();
    this.seq = 1000;
    this.orders = [];
    this.fills = [];
    this.audit = [];
    this.receipts = [];
    this.approvals = [];
    this.money = {
      price: 0,
      fee: 0,
      rebate: 0,
      unrealised: 0,
      equity: 1000000 * 1e8,
      peak: 1000000 * 1e8,
    };
    this.markets = INSTRUMENTS.map((row) => ({
      ...row,
      instrument: `sim:${row.symbol}`,
      at: row.mid,
      lots: 0,
      stale: false,
    }));
    this.limits = SCOPES.map((scope) => ({
      scope,
      generation: 7,
      limits: Object.fromEntries(
        LIMIT_ROWS.map((row) => [row[0], scope === "firm" ? row[6] : null]),
      ),
      pending: null,
    }));
    this.strategies = [this.strategy("maker", true), this.strategy("momentum", false)];
    this.states = SCOPES.map((scope) => ({
      scope,
      state: "ACTIVE",
      effective: "ACTIVE",
      version: 1,
      incident: null,
      cause: null,
      actor: null,
      since_ns: now(),
    }));
    this.note("start", "system", { reason: "demo" });
  }

  roleOf(user) {
    return USERS[user] ?? null;
  }

  note(kind, actor, { scope = null, old = null, next = null, reason = null } = {}) {
    const seq = this.audit.length + 1;
    const hash = (seq * 2654435761).toString(16).padStart(16, "0");
    const row = {
      seq,
      at_ns: now(),
      actor,
      person: actor in USERS,
      role: USERS[actor] ?? null,
      kind,
      scope,
    };
    this.audit.push({ ...row, old, new: next, reason, request_id: `r${seq}`, hash });
  }

  // ---- what moves ----

  book(market) {
    const side = (sign) =>
      Array.from({ length: 10 }, (_, level) => [
        decimal(market.at + sign * (1 + level * 2 + ((level * level) % 3)), market.places),
        decimal(1 + Math.floor(this.random() * 4000 * (1 + level / 4)), market.qty),
      ]);
    const age = market.stale ? "4200000000" : String(Math.floor(this.random() * 9e6));
    return {
      instrument: market.instrument,
      bids: side(-1),
      asks: side(1),
      stale: market.stale,
      age_ns: age,
      update_id: String(++this.seq),
    };
  }

  step() {
    for (const market of this.markets) {
      if (!market.stale) {
        market.at += Math.round((this.random() - 0.5) * market.mid * 0.00006);
      }
      if (this.random() < 0.35) {
        this.trade(market);
      }
    }
    this.money.unrealised += Math.round((this.random() - 0.49) * 9e8);
    this.money.equity = 1000000 * 1e8 + this.total();
    this.money.peak = Math.max(this.money.peak, this.money.equity);
  }

  halted() {
    return this.states[0].state === "HALTED";
  }

  trade(market) {
    if (this.halted()) {
      return;
    }
    const buy = this.random() < 0.5;
    const qty = 1 + Math.floor(this.random() * 60);
    const order = {
      id: String(9000 + ++this.seq),
      seq: this.seq,
      instrument: market.instrument,
      strategy: this.random() < 0.7 ? "maker" : "momentum",
      actor: null,
      side: buy ? "buy" : "sell",
      type: "limit",
      tif: "GTC",
      price: decimal(market.at + (buy ? -2 : 2), market.places),
      qty: decimal(qty, market.qty),
      filled: decimal(0, market.qty),
      leaves: decimal(qty, market.qty),
      avg_price: null,
      state: "WORKING",
      sent_ns: now(),
      acked_ns: now(),
      reason: null,
      lots: qty,
    };
    if (this.random() < 0.06) {
      Object.assign(order, {
        state: "REJECTED",
        reason: "price_collar_ratio",
        leaves: decimal(0, market.qty),
      });
    }
    this.orders.unshift(order);
    this.touched?.push(order);
    this.settle(market);
  }

  settle(market) {
    const working = this.orders.filter(
      (row) => row.state === "WORKING" && row.instrument === market.instrument,
    );
    if (working.length <= 4) {
      return;
    }
    const order = working[working.length - 1];
    if (this.random() < 0.5) {
      Object.assign(order, { state: "CANCELLED", leaves: decimal(0, market.qty) });
    } else {
      Object.assign(order, {
        state: "FILLED",
        filled: order.qty,
        leaves: decimal(0, market.qty),
        avg_price: order.price,
      });
      market.lots += order.side === "buy" ? order.lots : -order.lots;
      this.money.price += Math.round((this.random() - 0.46) * 31e8);
      this.money.fee -= Math.round(this.random() * 8e7);
      this.money.rebate += Math.round(this.random() * 3e7);
      this.fills.unshift({
        id: `f${++this.seq}`,
        order: order.id,
        instrument: order.instrument,
        side: order.side,
        qty: order.qty,
        price: order.price,
        fee: decimal(Math.round(this.random() * 8e7), 8),
        fee_currency: "USDT",
        maker: true,
        at_ns: now(),
        seq: this.seq,
      });
      this.filled?.push(this.fills[0]);
    }
    this.touched?.push(order);
  }

  total() {
    return this.money.price + this.money.fee + this.money.rebate;
  }

  // ---- what is read ----

  status() {
    return {
      mode: this.mode,
      instance: "mock-desk",
      version: "0.0.0-mock",
      config_hash: "c0ffee",
      kill_url: "http://127.0.0.1:9181",
      uptime_s: Math.floor((Date.now() - this.startedAt) / 1000),
      journal_seq: this.seq,
      durable_seq: this.seq,
      audit_seq: this.audit.length,
      audit_behind: 3,
      storage: "ok",
      market: { state: "running" },
      threads: [{ name: "engine", core: 1, idle: "park" }],
      venues: [{ venue: "sim", state: "connected", age_ns: "1200000", ...this.venue }],
    };
  }

  instruments() {
    return INSTRUMENTS.map(({ symbol, tick_size, lot_size }) => ({
      instrument: `sim:${symbol}`,
      venue: "sim",
      symbol,
      tick_size,
      lot_size,
      settle: "USDT",
      inverse: false,
    }));
  }

  schema() {
    const limits = LIMIT_ROWS.map(([name, unit, type, min, max, says]) => ({
      name,
      unit,
      type,
      min,
      max,
      sense: "max",
      says,
    }));
    const caps = Object.fromEntries(SCOPES.map((scope) => [scope, scope === "firm" ? { max_order_lots: 1000 } : {}]));
    return { limits, scopes: SCOPES, caps };
  }

  pnl() {
    const { price, fee, rebate, unrealised, equity, peak } = this.money;
    return {
      currency: "USDT",
      total: decimal(this.total(), 8),
      price: decimal(price, 8),
      fee: decimal(fee, 8),
      funding: "0",
      rebate: decimal(rebate, 8),
      realised: decimal(price - unrealised, 8),
      unrealised: decimal(unrealised, 8),
      equity: decimal(equity, 8),
      peak: decimal(peak, 8),
      drawdown_ratio: decimal(((peak - equity) / peak) * 1e8, 8),
      day_pnl: decimal(this.total(), 8),
      margin_ratio: "0.0312",
      by_instrument: [],
      by_strategy: [],
      by_venue: [],
    };
  }

  positions() {
    return this.markets.map((market) => ({
      instrument: market.instrument,
      lots: market.lots,
      qty: decimal(market.lots, market.qty),
      avg_price: market.lots === 0 ? null : decimal(market.mid * 100 + 37, market.places + 2),
      mark: market.stale ? null : decimal(market.at, market.places),
      unrealised: market.stale ? null : decimal(market.lots * (market.at - market.mid) * 1e4, 8),
      realised: decimal(this.money.price / 3, 8),
      currency: "USDT",
      age_ns: "3100000",
      ...NO_MARGIN,
      ...market.margin,
    }));
  }

  latency() {
    const stage = (p50, tail) => {
      const jitter = 0.85 + this.random() * 0.4;
      const ns = (value) => String(Math.round(value * jitter));
      return {
        count: this.seq * 37,
        p50_ns: ns(p50),
        p99_ns: ns(p50 * 3.2),
        p999_ns: ns(p50 * 7 * tail),
        max_ns: ns(p50 * 31),
      };
    };
    return {
      stages: {
        step: stage(640, 1 + this.random()),
        tick_to_order: stage(1900, 1),
        order_ack: stage(41000, 1),
        fill: stage(82000, 1),
      },
    };
  }

  why(id) {
    const order = this.orders.find((row) => row.id === id);
    const denied = order.reason;
    const checks = LIMIT_ROWS.map(([name, , , , , , limit]) => ({
      name,
      scope: "firm",
      measured: name === denied ? "0.0371" : name.endsWith("lots") ? 41 : "0.0004",
      limit,
      headroom: name === denied ? "-0.0246" : "0.0121",
      passed: name !== denied,
    }));
    const ages_ns = { book: "1400000", venue: null, rate: null };
    return { order: id, passed: !denied, reason: denied, denied_by: denied, state_of: null, generation: 7, checks, ages_ns };
  }

  // ---- what is changed ----

  strategy(strategy, enabled) {
    const instruments = this.markets.slice(0, 2).map((market) => market.instrument);
    return {
      strategy,
      kind: strategy,
      says: `what a ${strategy} does`,
      enabled,
      version: 1,
      state: "ACTIVE",
      scope: `strategy/${strategy}`,
      open_orders: 2,
      pnl: "12.5",
      actor: null,
      reason: null,
      since_ns: null,
      instruments,
      parameters: Object.fromEntries(
        instruments.map((name, i) => [name, { order_lots: 20 + i, risk_aversion: "0.0005" }]),
      ),
      pending: null,
    };
  }

  strategySchema() {
    const row = (name, type, min, max, says) => ({ name, type, min, max, says, unit: "lots", default: min });
    return [
      row("order_lots", "integer", 1, 1000000, "lots of one order"),
      row("risk_aversion", "decimal", "0", "1", "gamma"),
    ];
  }

  strategyPut(name, change, user) {
    const row = this.strategies.find((one) => one.strategy === name);
    if (change.enabled && !row.enabled) {
      const diff = [{ name: "enabled", old: "false", new: "true" }];
      row.pending = this.propose("strategy", row.scope, diff, row.version, change.reason, user);
      return { approval: row.pending };
    }
    row.enabled = change.enabled ?? row.enabled;
    for (const instrument of row.instruments) {
      const own = { ...change.parameters, ...change.per_instrument?.[instrument] };
      row.parameters[instrument] = { ...row.parameters[instrument], ...own };
    }
    row.version++;
    row.actor = user;
    row.reason = change.reason;
    return { strategy: { ...row, schema: this.strategySchema() } };
  }

  limitsOf(scope) {
    return this.limits.find((row) => row.scope === scope) ?? null;
  }

  /** Changes one value as if somebody else had been quicker. */
  limitsMove(scope, name, value) {
    const row = this.limitsOf(scope);
    row.limits = { ...row.limits, [name]: value };
    row.generation++;
  }

  limitsPut(scope, limits, reason, user) {
    const row = this.limitsOf(scope);
    const looser = Object.entries(limits).some(
      ([name, value]) => row.limits[name] !== null && Number(value) > Number(row.limits[name]),
    );
    const diff = Object.entries(limits).map(([name, value]) => ({
      name,
      old: row.limits[name],
      new: value,
    }));
    if (looser) {
      return { approval: this.propose("limits", scope, diff, row.generation, reason, user) };
    }
    this.note("limits", user, {
      scope,
      old: Object.fromEntries(diff.map((d) => [d.name, d.old])),
      next: limits,
      reason,
    });
    row.limits = { ...row.limits, ...limits };
    row.generation++;
    return { limits: row };
  }

  propose(kind, scope, diff, base, reason, proposer) {
    const approval = {
      id: String(this.approvals.length + 1),
      kind,
      scope,
      diff,
      base,
      reason,
      proposer,
      person: proposer,
      by: "session",
      state: "pending",
      expires_ns: String(BigInt(Date.now() + 900000) * 1000000n),
    };
    this.approvals.push(approval);
    this.note("approval", proposer, { scope, next: "pending", reason });
    if (kind === "limits") {
      this.limitsOf(scope).pending = approval;
    }
    return approval;
  }

  decide(approval, verb, user, decision) {
    approval.state = verb === "approve" ? "applied" : "rejected";
    Object.assign(approval, { decider: user, decision });
    this.note("approval", user, { scope: approval.scope, old: "pending", next: approval.state });
    const row = this.limitsOf(approval.scope);
    if (approval.kind === "limits") {
      row.pending = null;
    }
    if (verb !== "approve") {
      return approval;
    }
    if (approval.kind === "limits") {
      row.limits = {
        ...row.limits,
        ...Object.fromEntries(approval.diff.map((d) => [d.name, d.new])),
      };
      row.generation++;
    } else {
      this.setState(approval.scope, "ACTIVE", user, null, null);
    }
    return approval;
  }

  setState(scope, state, actor, cause, incident) {
    const row = this.states.find((item) => item.scope === scope);
    Object.assign(row, {
      state,
      actor,
      cause,
      incident,
      version: row.version + 1,
      since_ns: now(),
    });
    for (const item of this.states) {
      item.effective = this.halted() ? "HALTED" : item.state;
    }
  }

  kill(scope, reason, flatten, user) {
    const before = this.receipts.find(
      (row) => row.scope === scope && this.states.some((s) => s.incident === row.incident),
    );
    this.note("kill", user, { scope, old: before ? "HALTED" : "ACTIVE", next: "HALTED", reason });
    if (before) {
      before.flatten ??= flatten ? { orders: 0, done: false, refused: null } : null;
      return { ...before, joined: true };
    }
    const resting = this.orders.filter((order) => order.state === "WORKING");
    const receipt = {
      incident: String(this.receipts.length + 1),
      scope,
      actor: user,
      reason,
      at_ns: now(),
      ns_to_block: "18240",
      last_order_seq: this.seq,
      unsent: 0,
      resting: resting.length,
      cancels: { sent: resting.length, confirmed: 0, refused: 0, unknown: 0 },
      flatten: flatten ? { orders: 0, done: false, refused: null } : null,
      durable: false,
      complete: false,
    };
    this.receipts.push(receipt);
    this.setState(scope, "HALTED", user, "operator", receipt.incident);
    for (const order of resting) {
      order.state = "PENDING_CANCEL";
      this.touched?.push(order);
    }
    return receipt;
  }

  /** One exit a step for each position, once nothing rests. */
  flatten(receipt) {
    if (!receipt.flatten || receipt.flatten.done || !receipt.complete || this.flattenHeld) {
      return;
    }
    const held = this.markets.find((market) => market.lots !== 0);
    if (held) {
      held.lots = 0;
      receipt.flatten.orders++;
    }
    receipt.flatten.done = this.markets.every((market) => market.lots === 0);
  }

  /** Confirms a few cancels of each open receipt. */
  confirm() {
    this.receipts.forEach((receipt) => this.flatten(receipt));
    for (const receipt of this.receipts.filter((row) => !row.complete)) {
      const pending = this.orders.filter((order) => order.state === "PENDING_CANCEL").slice(0, 3);
      for (const order of pending) {
        Object.assign(order, { state: "CANCELLED", leaves: "0", reason: "killed" });
        this.touched?.push(order);
      }
      receipt.cancels.confirmed += pending.length;
      receipt.durable = true;
      receipt.complete = receipt.cancels.confirmed >= receipt.cancels.sent;
    }
  }
}
