// Waiting by condition, never by a fixed time.

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks again and again until `ask` answers something true; throws with `what` at the deadline. */
export async function until(what, ask, timeoutMs = 15000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) {
      return answer;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    }
    await pause(10);
  }
}
