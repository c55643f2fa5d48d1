// A book kept from a stream as Bybit's documentation says: a snapshot replaces it, a level of a delta
// replaces that level, size 0 removes it. Prices and sizes stay the texts that came.

export class Book {
  gaps = 0;
  #sides = { b: new Map(), a: new Map() };

  /** The book as it was at update u; undefined: none of these updates has it. */
  static at(updates, u) {
    const book = new Book();
    for (const update of updates) {
      book.take(update);
      if (book.u === u) return book;
    }
    return undefined;
  }

  take({ type, data }) {
    if (type === "snapshot") {
      this.#sides = { b: new Map(), a: new Map() };
    } else if (data.u !== this.u + 1) {
      this.gaps++;
    }
    this.u = data.u;
    this.seq = data.seq;
    for (const side of ["b", "a"]) {
      for (const [price, size] of data[side]) {
        if (Number(size) === 0) this.#sides[side].delete(price);
        else this.#sides[side].set(price, size);
      }
    }
  }

  size(side) {
    return this.#sides[side].size;
  }

  /** The best levels, best first. */
  top(side, count) {
    const sign = side === "b" ? -1 : 1;
    return [...this.#sides[side]].sort(([left], [right]) => sign * (Number(left) - Number(right))).slice(0, count);
  }
}
