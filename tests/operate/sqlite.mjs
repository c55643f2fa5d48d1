// As much of SQLite as the tests of backups need. Node has none of its own before 22, and the command line program may
// be missing: Python's is there wherever Debian's build tools are.

import { spawnSync } from "node:child_process";

const RUN = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])
db.commit()
`;

// The root pages of two indexes change places in the schema: every page is whole, and none fits its table.
const BREAK = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
rows = db.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'index'").fetchall()
assert len(rows) >= 2, rows
db.execute("PRAGMA writable_schema = ON")
db.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = ?", (rows[1][1], rows[0][0]))
db.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = ?", (rows[0][1], rows[1][0]))
db.commit()
`;

export class Database {
  #file;

  constructor(file) {
    this.#file = file;
  }

  #python(program, ...args) {
    const done = spawnSync("python3", ["-c", program, this.#file, ...args], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(done.stderr);
  }

  run(statements) {
    this.#python(RUN, statements);
  }

  breakIndex() {
    this.#python(BREAK);
  }
}
