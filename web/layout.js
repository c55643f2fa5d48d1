// How each person likes the page: kept in the browser by user, read back with distrust.
//
// What is not one of the known values is dropped, so that neither an older page nor a broken store can
// keep the desk from opening, and whatever is written has bounds. Nothing here is secret and nothing here is about
// trading. Before a log-in the page looks as it did for whoever was here last.

const STORE = "pitwall-layout";
/** Only a hint that asking who we are makes sense: the session itself is a cookie no script can read. */
const HINT = "pitwall-session";
const USERS_MAX = 20;
const THEMES = ["system", "dark", "light"];
const NAMES_MAX = 100;
const FOLDED_MAX = 50;
const DENSITIES = ["compact", "comfortable"];
/** As high as `--row` in the style sheets says. */
const ROW_PX = { compact: 25, comfortable: 33 };
/** Which part of a panel is open: the first is what it opens with. */
const TABS = {
  orders: ["working", "recent", "fills"],
  pnl: ["pnl", "equity"],
  audit: ["actions", "all"],
};
/** Tables that a person arranges, with their columns as they come. */
const TABLES = /** @type {const} */ ({
  positions: ["instrument", "qty", "average", "mark", "unrealised", "realised", "currency", "age", "close"],
  orders: ["sent", "instrument", "side", "type", "qty", "price", "filled", "leaves", "average", "state", "by",
    "action"],
  fills: ["at", "instrument", "side", "qty", "price", "fee", "currency", "liquidity", "order"],
});
/** Fields of the audit trail's search. */
const SEARCH = /** @type {const} */ (["q", "kind", "actor", "scope", "from", "to"]);

/** @typedef {keyof typeof TABLES} TableName */
/** @typedef {(typeof TABLES)[TableName][number]} ColumnName */
/** @typedef {{sort: {by: ColumnName, down: boolean} | null, hidden: ColumnName[], filter: string}} Table */
/** @typedef {Record<(typeof SEARCH)[number], string>} Search */
/** @typedef {keyof typeof ROW_PX} Density */
/** @typedef {"system" | "dark" | "light"} Theme */
/** @typedef {keyof typeof TABS} Tabbed */
/** @typedef {{nav: "open" | "folded", theme: Theme, density: Density, selected: string | null, keys: boolean, pager: boolean,
 *   tabs: Record<Tabbed, string>, folded: string[], tables: Record<TableName, Table>, search: Search}} Layout */

/** @param {unknown} value @returns {value is string} */
function isName(value) {
  return typeof value === "string" && value.length <= NAMES_MAX;
}

/** @param {any} kept @returns {Record<Tabbed, string>} */
function tabsOf(kept) {
  const pairs = Object.entries(TABS).map(([panel, known]) => [panel, known.includes(kept?.[panel]) ? kept[panel] : known[0]]);
  return Object.fromEntries(pairs);
}

/** Rows are not sorted by what nobody sees. @param {any} kept @param {readonly ColumnName[]} columns @returns {Table} */
function tableOf(kept, columns) {
  const { sort, filter } = kept ?? {};
  const hidden = Array.isArray(kept?.hidden) ? columns.filter((id) => kept.hidden.includes(id)) : [];
  const shown = columns.filter((id) => !hidden.includes(id));
  return {
    sort: shown.includes(sort?.by) ? { by: sort.by, down: sort.down === true } : null,
    hidden,
    filter: isName(filter) ? filter : "",
  };
}

/** @param {any} kept @returns {any} */
function tablesOf(kept) {
  return Object.fromEntries(Object.entries(TABLES).map(([name, columns]) => [name, tableOf(kept?.[name], columns)]));
}

/** @param {any} kept @returns {any} */
function searchOf(kept) {
  return Object.fromEntries(SEARCH.map((field) => [field, isName(kept?.[field]) ? kept[field] : ""]));
}

/** @param {any} kept @returns {Layout} */
export function layoutOf(kept) {
  return {
    nav: kept?.nav === "folded" ? "folded" : "open",
    theme: THEMES.includes(kept?.theme) ? kept.theme : "system",
    density: DENSITIES.includes(kept?.density) ? kept.density : "compact",
    selected: isName(kept?.selected) ? kept.selected : null,
    keys: kept?.keys !== false,
    pager: kept?.pager === true,
    tabs: tabsOf(kept?.tabs),
    folded: Array.isArray(kept?.folded) ? kept.folded.filter(isName).slice(0, FOLDED_MAX) : [],
    tables: tablesOf(kept?.tables),
    search: searchOf(kept?.search),
  };
}

/** All that is kept: the layout of each user, and who was here last. @returns {{last: string, users: Record<string, unknown>}} */
function storeRead() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    const users = kept?.users;
    return { last: isName(kept?.last) ? kept.last : "", users: users && typeof users === "object" && !Array.isArray(users) ? users : {} };
  } catch {
    return { last: "", users: {} }; // not JSON, or no store at all: the page as it comes
  }
}

const first = storeRead();
let owner = first.last;
export const layout = layoutOf(first.users[owner]);

const light = matchMedia("(prefers-color-scheme: light)");

/** The theme in effect. @returns {"dark" | "light"} */
export function themeNow() {
  return layout.theme === "system" ? (light.matches ? "light" : "dark") : layout.theme;
}

/** Tells the style sheets. */
export function layoutShow() {
  Object.assign(document.documentElement.dataset, { theme: themeNow(), nav: layout.nav, density: layout.density });
}

function keep() {
  const { users } = storeRead(); // another tab may have written
  const others = Object.entries(users).filter(([name]) => name !== owner && isName(name));
  // Theirs is read as ours is: what others wrote there neither fills the store nor waits for them.
  const clean = others.slice(1 - USERS_MAX).map(([name, kept]) => [name, layoutOf(kept)]);
  const all = [...clean, [owner, layout]];
  try {
    localStorage.setItem(STORE, JSON.stringify({ last: owner, users: Object.fromEntries(all) }));
  } catch {
    // A full or forbidden store: the choice holds until the page is closed.
  }
  layoutShow();
}

/** May there be a session? A store that cannot be read does not say no. */
export function hintHeld() {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return true;
  }
}

/** @param {boolean} held a store that cannot be written keeps nobody out: they log in again after a reload */
export function hintSet(held) {
  try {
    if (held) {
      localStorage.setItem(HINT, "yes");
    } else {
      localStorage.removeItem(HINT);
    }
  } catch {
    // A full or forbidden store, as in keep().
  }
}

/** Somebody is in: the page as this user left it. @param {string} user */
export function layoutEnter(user) {
  owner = user;
  Object.assign(layout, layoutOf(storeRead().users[user]));
  keep();
}

/** @param {Partial<Layout>} change */
export function layoutSet(change) {
  Object.assign(layout, change);
  keep();
}

/** The page as it comes, for this user. */
export function layoutReset() {
  layoutSet(layoutOf(null));
}

/** @param {Tabbed} panel @param {string} id */
export function layoutTab(panel, id) {
  layoutSet({ tabs: { ...layout.tabs, [panel]: id } });
}

/** Folds a panel to its head, or unfolds it. @param {string} panel */
export function layoutFold(panel) {
  const others = layout.folded.filter((id) => id !== panel);
  layoutSet({ folded: others.length < layout.folded.length ? others : [...others, panel] });
}

/** @param {TableName} name @param {Partial<Table>} change */
export function layoutTable(name, change) {
  layoutSet({ tables: { ...layout.tables, [name]: { ...layout.tables[name], ...change } } });
}

/** How high a row of a list is. */
export function rowPx() {
  return ROW_PX[layout.density];
}

export function densityNext() {
  layoutSet({ density: layout.density === "compact" ? "comfortable" : "compact" });
}

export function themeNext() {
  const at = THEMES.indexOf(layout.theme);
  layoutSet({ theme: /** @type {Theme} */ (THEMES[(at + 1) % THEMES.length]) });
}

/** @param {() => void} callback after the system's theme has changed */
export function layoutOnTheme(callback) {
  light.addEventListener("change", () => {
    layoutShow();
    callback();
  });
}
