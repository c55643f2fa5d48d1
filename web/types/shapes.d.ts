// The shapes of the API (DESIGN section 5, "Fixed shapes") as the dashboard reads them.
// Price, qty, money, ratio: decimal strings. Times in ns and ids: strings. Unknown: null.

export type Decimal = string;
export type Nanoseconds = string;
export type Role = "viewer" | "trader" | "risk" | "admin";
export type TradingStateName = "ACTIVE" | "REDUCING" | "HALTED";

export interface List<T> {
    items: T[];
    next: string | null;
}

export interface Problem {
    code: string;
    title?: string;
    detail?: string;
    request_id?: string;
    diff?: DiffRow[];
}

export interface Session {
    user: string;
    role: Role;
    csrf: string;
    must_change_password?: boolean;
    reauth_until_ns?: Nanoseconds | null;
}

export interface OpenSession {
    id: string;
    user: string;
    address: string;
    made_ns: Nanoseconds;
    acted_ns: Nanoseconds;
    expires_ns: Nanoseconds;
    own: boolean;
}

export interface Account {
    user: string;
    person: string;
    role: Role;
    disabled: boolean;
    must_change_password: boolean;
    totp: boolean;
    version: number;
    created_ns: Nanoseconds;
    created_by: string | null;
}

export interface Token {
    name: string;
    person: string;
    role: Role | null;
    scope: string | null;
    created_ns: Nanoseconds;
    expires_ns: Nanoseconds;
    state: "valid" | "expired" | "revoked";
}

export interface Alert {
    id: string;
    alert: string;
    severity: "page" | "notify";
    state: "firing" | "resolved";
    labels: Record<string, string>;
    value: Decimal | null;
    threshold: Decimal | null;
    says: string;
    runbook: string;
    since_ns: Nanoseconds;
    resolved_ns: Nanoseconds | null;
    acknowledged: { id: string; by: string; person: string; at_ns: Nanoseconds; note: string } | null;
}

/** An acknowledgement, or a note for whoever comes next. */
export interface HandOver {
    what: "acknowledged" | "note";
    id?: string;
    alert?: string;
    labels?: Record<string, string>;
    by: string;
    person: string;
    at_ns: Nanoseconds;
    note: string;
}

export interface OrderNew {
    instrument: string;
    side: "buy" | "sell";
    qty: Decimal;
    price?: Decimal;
    type: "limit" | "market";
    tif: "GTC" | "IOC" | "FOK";
    post_only?: boolean;
    reduce_only?: boolean;
}

export interface Instrument {
    instrument: string;
    venue: string;
    symbol: string;
    tick_size: Decimal;
    lot_size: Decimal;
    settle: string;
    inverse: boolean;
}

export interface LimitRow {
    name: string;
    unit: string;
    type: "integer" | "decimal";
    min: Decimal | number | null;
    max: Decimal | number | null;
    sense: "max" | "min";
    says: string;
}

export interface LimitsSchema {
    limits: LimitRow[];
    scopes: string[];
    /** of the configuration file, by scope; no request sets a limit looser. Null: none at all. Older servers lack it. */
    caps?: Record<string, Record<string, Decimal | number | null>>;
}

export interface Limits {
    scope: string;
    generation: number;
    limits: Record<string, Decimal | number | null>;
    pending: Approval | null;
    timeboxes: TimeBox[];
    /** Present use in per cent; null: not known, or nothing stays in use. Of REST, not of the stream. */
    used_percent?: Record<string, Decimal | null>;
    /** told to the engine and not answered; `limits` is what is in force */
    requested: { limits: Record<string, Decimal | number | null>; by: string; at_ns: Nanoseconds } | null;
}

/** A raise that returns by itself. */
export interface TimeBox {
    name: string;
    value: Decimal | number | null;
    back_to: Decimal | number | null;
    until_ns: Nanoseconds;
    approval: string;
}

export interface LimitsPast {
    seq: number;
    at_ns: Nanoseconds;
    actor: string | null;
    reason: string | null;
    generation: number;
    base: number;
    old: Record<string, Decimal | number | null>;
    new: Record<string, Decimal | number | null>;
    approval: string | null;
}

export interface WhatIfAnswer {
    minutes: number;
    judged: number;
    passed: number;
    denied: number;
    would_deny: number;
    would_pass: number;
    by_limit: Record<string, number>;
    used_ratio: Record<string, Decimal>;
    examples: { order: string; limit: string; measured: Decimal | number | null; value: Decimal | number | null }[];
}

export interface AuditVerdict {
    ok: boolean;
    rows: number;
    head_seq: number;
    head_hash: string;
    first_bad_seq: number | null;
    anchors?: number;
    reason?: string | null;
}

export type ParameterValue = Decimal | number | null;

export interface ParameterRow {
    name: string;
    unit: string;
    type: "integer" | "ms" | "decimal" | "instrument";
    min: ParameterValue;
    max: ParameterValue;
    default: ParameterValue;
    says: string;
}

export interface Strategy {
    strategy: string;
    kind: string;
    says: string;
    enabled: boolean;
    version: number;
    state: string;
    scope: string;
    open_orders: number;
    pnl: Decimal | null;
    actor: string | null;
    reason: string | null;
    since_ns: Nanoseconds | null;
    instruments: string[];
    parameters: Record<string, Record<string, ParameterValue>>;
    schema?: ParameterRow[];
    pending: Approval | null;
    armed: { at_ns: Nanoseconds; by: string; first_day_until_ns: Nanoseconds | null } | null;
}

export interface DiffRow {
    name: string;
    old: Decimal | number | null;
    new: Decimal | number | null;
    back_to?: Decimal | number | null;
    until_ns?: Nanoseconds;
}

export interface Approval {
    id: string;
    kind: string;
    scope: string;
    diff: DiffRow[];
    base: number;
    reason: string;
    proposer: string;
    person: string;
    by: "session" | "token" | "local";
    /** whom a grant is for */
    account?: { user: string; person: string; created_ns: Nanoseconds | null; created_by: string | null } | null;
    decider?: string | null;
    /** what the decider said */
    decision?: string | null;
    state: "pending" | "applied" | "rejected" | "expired" | "stale";
    expires_ns: Nanoseconds;
    /** how long the raise lasts once approved */
    expires_s?: number | null;
}

export interface TradingState {
    scope: string;
    state: TradingStateName;
    effective: TradingStateName;
    version: number;
    incident: string | null;
    cause: string | null;
    actor: string | null;
    since_ns: Nanoseconds | null;
}

export interface Receipt {
    incident: string;
    scope: string;
    actor: string;
    reason: string;
    at_ns: Nanoseconds;
    ns_to_block: Nanoseconds | null;
    last_order_seq: number | null;
    unsent: number | null;
    resting: number | null;
    cancels: {
        sent: number | null;
        confirmed: number | null;
        refused: number | null;
        unknown: number | null;
    } | null;
    flatten: { orders: number; done: boolean; refused?: string | null } | null;
    durable: boolean;
    complete: boolean;
    engine?: string;
    /** the scope was killed already */
    joined?: boolean;
}

export interface Order {
    id: string;
    seq: number;
    instrument: string;
    strategy: string | null;
    actor: string | null;
    side: "buy" | "sell";
    type: string;
    tif: string;
    reduce_only?: boolean;
    price: Decimal | null;
    qty: Decimal;
    filled: Decimal;
    leaves: Decimal;
    avg_price: Decimal | null;
    state: string;
    sent_ns: Nanoseconds | null;
    acked_ns: Nanoseconds | null;
    reason: string | null;
    earlier?: boolean;
}

export interface Check {
  name: string;
  scope: string | null;
  measured: Decimal | number | null;
  limit: Decimal | number | null;
  headroom: Decimal | number | null;
  passed: boolean;
}

export interface Verdict {
  order: string;
  passed: boolean;
  reason: string | null;
  denied_by: string | null;
  state_of: string | null;
  generation: number;
  checks: Check[];
  ages_ns: Record<string, Nanoseconds | null>;
}

export interface Fill {
    id: string;
    order: string;
    instrument: string;
    side: "buy" | "sell";
    qty: Decimal;
    price: Decimal;
    fee: Decimal;
    fee_currency: string;
    maker: boolean;
    at_ns: Nanoseconds;
    seq: number;
}

export interface Position {
    instrument: string;
    lots: number | null;
    qty: Decimal | null;
    avg_price: Decimal | null;
    mark: Decimal | null;
    unrealised: Decimal | null;
    realised: Decimal | null;
    currency: string;
    age_ns: Nanoseconds | null;
    fee: Decimal;
    rebate: Decimal;
    funding: Decimal;
    funding_due: Decimal | null;
    funding_due_ns: Nanoseconds | null;
    day_pnl: Decimal | null;
    mark_source: "venue" | "mid" | null;
    mark_age_ns: Nanoseconds | null;
    margin: Decimal | null;
    margin_ratio: Decimal | null;
    liquidation_price: Decimal | null;
    liquidation_distance_ratio: Decimal | null;
    /** the venue's own count; null while it has told none */
    venue_lots?: number | null;
    venue_age_ns?: Nanoseconds | null;
    /** lots that we count more than the venue */
    drift?: number | null;
}

export interface Pnl {
    currency: string;
    day_pnl: Decimal | null;
    margin_ratio: Decimal | null;
    total: Decimal | null;
    price: Decimal | null;
    fee: Decimal | null;
    funding: Decimal | null;
    rebate: Decimal | null;
    realised: Decimal | null;
    unrealised: Decimal | null;
    equity: Decimal | null;
    peak: Decimal | null;
    drawdown_ratio: Decimal | null;
}

export interface Book {
    instrument: string;
    bids: [Decimal, Decimal][];
    asks: [Decimal, Decimal][];
    stale: boolean;
    age_ns: Nanoseconds | null;
    update_id: string | null;
}

/** Of the whole account at the venue, as the venue says. */
export interface VenueBalance {
    currency: string;
    equity: Decimal | null;
    wallet: Decimal | null;
    available: Decimal | null;
    venue_ns: Nanoseconds | null;
    told_ns: Nanoseconds | null;
    age_ns: Nanoseconds | null;
}

/** Fills and fees of the trading day, ours and the venue's. */
export interface VenueFills {
    instrument: string;
    currency: string;
    since_ns: Nanoseconds;
    fills: number;
    fee: Decimal | null;
    /** of ours, after the venue told its count */
    fills_since_told: number | null;
    venue_fills: number | null;
    venue_fee: Decimal | null;
    told_ns: Nanoseconds | null;
    age_ns: Nanoseconds | null;
}

export interface FillTerms {
    side: "buy" | "sell";
    qty: Decimal;
    price: Decimal;
    fee: Decimal;
}

export type PairState = "both" | "differs" | "ours_only" | "venue_only" | "unknown";

/** One execution, as we have booked it and as the venue's list has it. */
export interface FillPair {
    id: string;
    state: PairState;
    /** of unknown: never_told, not_told_since, venue_forgotten, ours_forgotten, on_its_way */
    why: string | null;
    order: string | null;
    at_ns: Nanoseconds;
    ours: FillTerms | null;
    venue: FillTerms | null;
}

export interface FillPairs extends List<FillPair> {
    instrument: string;
    currency: string;
    since_ns: Nanoseconds;
    told_ns: Nanoseconds | null;
    age_ns: Nanoseconds | null;
    counts: Record<PairState, number>;
}

export interface VenueAccount {
    venue: string;
    simulated: boolean;
    /** null: it keeps none, or has not told it */
    balance: VenueBalance | null;
    instruments: VenueFills[];
}

/** A public trade. */
export interface Trade {
    seq: number;
    id: string;
    instrument: string;
    side: "buy" | "sell";
    qty: Decimal;
    price: Decimal;
    at_ns: Nanoseconds;
    venue_ns: Nanoseconds | null;
    age_ns: Nanoseconds | null;
}

export interface StageLatency {
    count: number;
    p50_ns: Nanoseconds | null;
    p99_ns: Nanoseconds | null;
    p999_ns: Nanoseconds | null;
    max_ns: Nanoseconds | null;
}

export interface Latency {
    stages: Record<string, StageLatency>;
}

export interface LatencyAuditRow {
    area: string;
    name: string;
    verdict: "ok" | "warn" | "fail" | "unknown";
    found: string | null;
    wanted: string;
    hint: string;
}

export interface LatencyAudit {
    core: number;
    verdict: "ok" | "warn" | "fail";
    counts: Record<LatencyAuditRow["verdict"], number>;
    results: LatencyAuditRow[];
}

export interface Status {
    mode: string;
    instance: string;
    version: string;
    config_hash: string;
    uptime_s: number;
    journal_seq: number;
    durable_seq: number;
    audit_seq: number;
    audit_behind: number;
    storage: "ok" | "suspect";
    storage_state: "ok" | "low" | "suspect";
    storage_free_bytes: number | null;
    market: { state: string };
    threads: { name: string; core: number | null; idle: string }[];
    venues: Venue[];
    rings?: Record<string, number>;
    clock_offset_ns?: Nanoseconds | null;
    pending_restart?: boolean;
    /** where the reserved listener answers the kill */
    kill_url?: string | null;
}

export interface Venue {
    venue: string;
    state: string;
    age_ns: Nanoseconds | null;
    since_ns?: Nanoseconds | null;
    clock_offset_ns?: Nanoseconds | null;
    reconnects?: number;
    gaps?: number;
    banned_until_ns?: Nanoseconds | null;
}

export interface AuditRow {
    seq: number;
    at_ns: Nanoseconds;
    actor: string | null;
    person: boolean | string | null;
    role: string | null;
    kind: string;
    scope: string | null;
    old: unknown;
    new: unknown;
    reason: string | null;
    request_id: string | null;
    hash: string;
}

export type Topic =
    | "status"
    | "positions"
    | "orders"
    | "fills"
    | "pnl"
    | "books"
    | "kill"
    | "limits"
    | "strategies"
    | "approvals"
    | "audit"
    | "latency"
    | "alerts";

export interface Frame {
    topic: Topic | "error";
    type?: "snapshot" | "delta";
    seq?: number;
    ts_ns?: Nanoseconds;
    data?: any;
}

/** What api.js answers: never throws for an answer of the server, only says which. */
export interface Answer<T> {
    ok: boolean;
    status: number;
    body: T | null;
    problem: Problem | null;
    etag: string | null;
}
