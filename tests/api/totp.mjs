// Codes of a second factor, RFC 6238, computed here once more.

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

function bytes(base32) {
  const bits = [...base32].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0"));
  return Buffer.from(bits.join("").match(/.{8}/g).map((text) => Number.parseInt(text, 2)));
}

/** The code of now, or of so many steps of 30 s later. */
export function code(secret, offset = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + offset));
  const hash = createHmac("sha1", bytes(secret)).update(counter).digest();
  const word = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(word % 1000000).padStart(6, "0");
}
