// Tables that a person arranges: heads that sort, a choice of columns, a filter that says that it filters. What was
// chosen is kept by layout.js.
//
// A column is one row of a list: its head, its cell, what it is sorted by. Only what the page holds whole may be
// sorted; the newest two hundred of many, sorted, would pass for the whole.

import { countText } from "../format.js";
import { layout, layoutTable } from "../layout.js";
import { filtered, sorterMake } from "../sort.js";
import { changed, topicAge } from "../state.js";
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

/** @import { ColumnName, Table, TableName } from "../layout.js" */
/** @import { Key } from "../sort.js" */
/** @import { Topic } from "../types/shapes.js" */

/**
 * @template T
 * @typedef {object} Column
 * @property {ColumnName} id
 * @property {string} label
 * @property {(row: T) => any} cell
 * @property {(row: T) => Key} [key] what it is sorted by
 * @property {"decimal" | "text"} [as] how; text unless said
 * @property {string} [look] classes of its cells; `end` is that of its head too
 * @property {(row: T) => string | null | undefined} [title]
 * @property {boolean} [names] it says which row it is
 * @property {boolean} [acts] its cells hold buttons
 * @property {boolean} [bare] its head is only heard
 */

/** What a row is and what can be done with it are always there. @param {Column<any>} column */
function isFixed({ names, acts }) {
  return Boolean(names || acts);
}

/** @param {TableName} name @param {Partial<Table>} change */
function choose(name, change) {
  layoutTable(name, change);
  changed();
}

/** Up, down, and as it comes. @param {TableName} name @param {ColumnName} by @param {string} now */
function turn(name, by, now) {
  choose(name, { sort: now === "descending" ? null : { by, down: now === "ascending" } });
}

const SIGNS = { ascending: "\u25b2", descending: "\u25bc", none: "" };

/**
 * A plain head where there is no `onTurn`.
 * @param {{column: {id?: string, label: string, look?: string, bare?: boolean}, way?: keyof typeof SIGNS, onTurn?: () => void}} props
 */
function Head({ column: { id, label, look = "", bare }, way = "none", onTurn }) {
  const words = bare ? html`<span class="unseen">${label}</span>` : label;
  return html`<th scope="col" class=${`${id ? `col-${id}` : ""} ${look.split(" ").includes("end") ? "end" : ""}`} aria-sort=${onTurn ? way : undefined}>
    ${
      onTurn
        ? html`<button type="button" class="sort" data-sort=${id} onClick=${onTurn}>
            ${words}<span class="sort-sign" aria-hidden="true">${SIGNS[way]}</span>
          </button>`
        : words
    }
  </th>`;
}

/** The head of a table that nobody arranges: labels, those of numbers with `>` before them. @param {{labels: string[]}} props */
export function PlainHead({ labels }) {
  return html`<thead>
    <tr>
      ${labels.map((label) => html`<${Head} key=${label} column=${{ label: label.replace(">", ""), look: label.startsWith(">") ? "end" : "" }} />`)}
    </tr>
  </thead>`;
}

/** @template T @param {Column<T>[]} columns @param {T} row */
export function cellsOf(columns, row) {
  return columns.map((column) => {
    const Cell = column.names ? "th" : "td";
    return html`<${Cell}
      scope=${column.names ? "row" : undefined}
      class=${`col-${column.id} ${column.look ?? ""}`}
      title=${column.title?.(row) ?? undefined}
      >${column.cell(row)}<//>`;
  });
}

/** @param {{name: TableName, choosing: boolean, onChoose: () => void}} props for the panel's head */
function Tools({ name, choosing, onChoose }) {
  return html`<div class="table-tools" role="group" aria-label="Rows and columns">
    <label class="unseen" for=${`filter-${name}`}>Filter the ${name}</label>
    <input
      id=${`filter-${name}`}
      type="search"
      maxlength="100"
      autocomplete="off"
      spellcheck=${false}
      placeholder="filter"
      title=${`Only ${name} with all of these words`}
      value=${layout.tables[name].filter}
      onInput=${(/** @type {any} */ event) => choose(name, { filter: event.target.value })}
    />
    <button
      type="button"
      class="button button-plain"
      data-columns=${name}
      aria-expanded=${choosing}
      aria-controls=${choosing ? `columns-${name}` : undefined}
      onClick=${onChoose}
    >
      Columns
    </button>
  </div>`;
}

/** @param {{name: TableName, columns: Column<any>[], onClose: () => void}} props */
function Choice({ name, columns, onClose }) {
  const { hidden, sort } = layout.tables[name];
  const toggle = (/** @type {ColumnName} */ id) =>
    choose(name, {
      hidden: hidden.includes(id) ? hidden.filter((one) => one !== id) : [...hidden, id],
      sort: sort?.by === id ? null : sort, // nobody would see what the rows are sorted by
    });
  return html`<fieldset
    class="columns"
    id=${`columns-${name}`}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") {
        onClose();
      }
    }}
  >
    <legend>Columns</legend>
    ${columns.map(
      (column) => html`<label key=${column.id}>
        <input
          type="checkbox"
          data-column=${column.id}
          checked=${isFixed(column) || !hidden.includes(column.id)}
          disabled=${isFixed(column)}
          onChange=${() => toggle(column.id)}
        />${" "}${column.label}
      </label>`,
    )}
    <span class="minor">what a narrow view has no room for is left out there</span>
  </fieldset>`;
}

/**
 * Beside each filtered list, so that it does not pass for all.
 * @param {{name: TableName, shown: number | null, all: number | null, of: string}} props null: not heard of yet
 */
function FilteredNote({ name, shown, all, of }) {
  const { filter } = layout.tables[name];
  return html`<p class="filtered" data-test=${`filtered-${name}`}>
    <b>${`filtered: ${countText(shown)} of ${countText(all)}${of}`}</b> with <q>${filter.trim()}</q>
    <button type="button" class="button button-plain" onClick=${() => choose(name, { filter: "" })}>Show all</button>
  </p>`;
}

/**
 * @template T
 * @typedef {object} Arranged
 * @property {Column<T>[]} columns those that are shown
 * @property {T[]} rows filtered and sorted
 * @property {ColumnName | undefined} sorted by which
 * @property {string} asked changes when the rows do for another reason than the market
 * @property {boolean} isFiltered
 * @property {any} head
 * @property {any} tools for the head of the panel
 * @property {any} notes above the table
 */

/**
 * A table as its person arranged it.
 * @template T
 * @param {object} asked
 * @param {TableName} asked.name
 * @param {Topic} asked.topic that tells its rows
 * @param {Column<T>[]} asked.columns
 * @param {T[]} asked.all in the order in which they come
 * @param {(row: T) => (string | null)[]} asked.words what the filter looks into
 * @param {string} [asked.part] what they are the newest of, where the page does not hold all; they are not sorted then
 * @returns {Arranged<T>}
 */
export function useTable({ name, topic, columns, all, words, part }) {
  const kept = layout.tables[name];
  const sorter = useRef(/** @type {ReturnType<typeof sorterMake<T>> | null} */ (null));
  sorter.current ??= sorterMake();
  const [choosing, setChoosing] = useState(false);
  const opener = () => /** @type {HTMLElement | null} */ (document.querySelector(`[data-columns=${name}]`));

  const shown = columns.filter((column) => isFixed(column) || !kept.hidden.includes(column.id));
  const by = part ? undefined : columns.find(({ id, key }) => key && id === kept.sort?.by);
  const down = kept.sort?.down ?? false;
  const wanted = filtered(all, kept.filter, words);
  const isFiltered = kept.filter.trim() !== "";
  const count = (/** @type {T[]} */ rows) => (topicAge(topic) === null ? null : rows.length);

  const head = html`<thead>
    <tr>
      ${shown.map((column) => {
        const way = column !== by ? "none" : down ? "descending" : "ascending";
        const onTurn = part || !column.key ? undefined : () => turn(name, column.id, way);
        return html`<${Head} key=${column.id} column=${column} way=${way} onTurn=${onTurn} />`;
      })}
    </tr>
  </thead>`;
  const close = () => {
    setChoosing(false);
    opener()?.focus();
  };
  return {
    columns: shown,
    rows: by?.key ? sorter.current(wanted, by.key, { as: by.as ?? "text", down }) : wanted,
    sorted: by?.id,
    asked: `${name} ${by?.id} ${down} ${kept.filter}`,
    isFiltered,
    head,
    tools: html`<${Tools} name=${name} choosing=${choosing} onChoose=${() => setChoosing(!choosing)} />`,
    notes: html`${choosing ? html`<${Choice} name=${name} columns=${columns} onClose=${close} />` : null}
      ${isFiltered ? html`<${FilteredNote} name=${name} shown=${count(wanted)} all=${count(all)} of=${part ?? ""} />` : null}`,
  };
}

/**
 * While the pointer is over the rows, or the keyboard's focus in them, they keep their places (their values go on),
 * so that nobody presses the button of the row that slid under the pointer. By the pointer's moves, not its entry: it
 * may be there before the rows are, or a stream that comes back finds it there.
 * @template T
 * @param {T[]} listed
 * @param {(row: T) => T} fresh the row as it is now
 * @param {unknown[]} lets when one of these changes, the rows go on
 */
export function useKeptPlaces(listed, fresh, lets) {
  const [held, setHeld] = useState(/** @type {T[] | null} */ (null));
  useEffect(() => setHeld(null), lets);
  const hold = () => setHeld((now) => now ?? listed);
  return {
    rows: held?.map(fresh) ?? listed,
    held: held !== null,
    on: {
      onMouseMove: hold,
      onMouseLeave: () => setHeld(null),
      onFocusCapture: (/** @type {any} */ event) => {
        if (event.target.matches(":focus-visible") && !event.target.closest("thead")) {
          hold();
        }
      },
      onBlurCapture: (/** @type {any} */ event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setHeld(null);
        }
      },
      "data-held": held ? "yes" : "no",
    },
  };
}
