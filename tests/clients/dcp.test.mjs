// Disconnect cancels as the clients set them: read back, held up by any private socket that carries the
// topic, and firing when the last has been gone for the window.

import assert from "node:assert/strict";
import test from "node:test";
import { sleep, until } from "../venue/venue.mjs";
import { dataOf, Desk, listening } from "./desk.mjs";

const DELAY_MS = 300; // from asking to being in force
const WINDOW_MS = 3000; // the shortest there is
const LINEAR = { category: "linear", symbol: "BTCUSDT" };
const ORDER = { ...LINEAR, side: "Buy", orderType: "Limit", price: "59000", qty: "0.001" };
const SPOT_ORDER = { category: "spot", symbol: "ETHUSDT", side: "Buy", orderType: "Limit", price: "2400", qty: "1" };

async function windows(client) {
  const { retCode, retMsg, result } = await client.getDCPInfo();
  assert.deepEqual([retCode, retMsg], [0, "success"]);
  return result.dcpInfos.map(({ product, dcpStatus, timeWindow }) => [product, dcpStatus, timeWindow]);
}

async function carrier(venue, name, ...topics) {
  const socket = venue.stream("/v5/private", name);
  await listening(socket, topics);
  return socket;
}

/** Sets the window and waits until it is in force. */
async function protect(client, product) {
  assert.equal((await client.setDisconnectCancelAllWindowV2({ product, timeWindow: WINDOW_MS / 1000 })).retCode, 0);
  await until("the window in force", async () => (await windows(client)).some(([of]) => of === product));
}

async function resting(venue, name) {
  return (await venue.of(name)).orders.map(({ symbol, category }) => `${category} ${symbol}`);
}

test("disconnect cancels", async (t) => {
  const venue = await Desk.start(t, { args: ["--dcp-delay-ms", String(DELAY_MS)] });

  await t.test("a window is in force after a while, per product; bad ones are refused", async () => {
    const alice = venue.rest("alice");
    assert.deepEqual(await windows(alice), []);
    assert.equal((await alice.setDisconnectCancelAllWindowV2({ product: "DERIVATIVES", timeWindow: 10 })).retCode, 0);
    assert.deepEqual(await windows(alice), []);
    await sleep(DELAY_MS + 50);
    assert.deepEqual(await windows(alice), [["DERIVATIVES", "ON", "10"]]);
    await alice.setDisconnectCancelAllWindowV2({ timeWindow: 20 }); // no product: options
    await venue.ccxt("alice").cancelAllOrdersAfter(40000, { type: "spot" });
    await sleep(DELAY_MS + 50);
    assert.deepEqual((await windows(alice)).sort(), [["DERIVATIVES", "ON", "10"], ["OPTIONS", "ON", "20"], ["SPOT", "ON", "40"]]);
    for (const wrong of [{ timeWindow: 2 }, { timeWindow: 301 }, { timeWindow: 10, product: "ALL" }]) {
      assert.equal((await alice.setDisconnectCancelAllWindowV2(wrong)).retCode, 10001, JSON.stringify(wrong));
    }
    assert.equal((await alice.getAccountInfo()).result.dcpStatus, "ON");
    assert.deepEqual(await windows(venue.rest("bob")), []);
  });

  // They wait for windows: side by side.
  await t.test("when what", { concurrency: true }, async (all) => {
    const cases = [
      all.test("fires when all sockets with the topic are gone, on its product only", async () => {
        const bob = venue.rest("bob");
        const [first, second] = [await carrier(venue, "bob", "dcp.future"), await carrier(venue, "bob", "dcp.future", "order")];
        const witness = await carrier(venue, "bob", "order");
        await protect(bob, "DERIVATIVES");
        await bob.submitOrder(ORDER);
        await bob.submitOrder(SPOT_ORDER);
        first.closeAll(true);
        await sleep(WINDOW_MS + 500);
        assert.deepEqual(await resting(venue, "bob"), ["spot ETHUSDT", "linear BTCUSDT"]);
        second.closeAll(true);
        const gone = Date.now();
        const ended = await until("the cancel", () => dataOf(witness, "order").find((o) => o.orderStatus === "Cancelled"), 6000);
        const after = Date.now() - gone;
        assert.ok(after > WINDOW_MS - 100 && after < WINDOW_MS + 1000, `after ${after} ms`);
        assert.deepEqual([ended.cancelType, ended.category], ["CancelByDCP", "linear"]);
        assert.deepEqual(await resting(venue, "bob"), ["spot ETHUSDT"]);
        witness.closeAll(true);
      }),
      all.test("who comes back within the window keeps the orders", async () => {
        const carol = venue.rest("carol");
        const socket = await carrier(venue, "carol", "dcp.future");
        await protect(carol, "DERIVATIVES");
        await carol.submitOrder(ORDER);
        socket.closeAll(true);
        await sleep(WINDOW_MS / 2);
        const again = await carrier(venue, "carol", "dcp.future");
        await sleep(WINDOW_MS);
        assert.deepEqual(await resting(venue, "carol"), ["linear BTCUSDT"]);
        again.closeAll(true);
      }),
      all.test("a client that reconnects by itself keeps them too", async () => {
        const dave = venue.rest("dave");
        const socket = await carrier(venue, "dave", "dcp.future", "wallet", "position");
        await protect(dave, "DERIVATIVES");
        await dave.submitOrder(ORDER);
        const again = new Promise((done) => socket.once("reconnected", done));
        socket.getWsStore().getWs("v5Private").terminate();
        await again;
        await sleep(WINDOW_MS + 500);
        assert.deepEqual(await resting(venue, "dave"), ["linear BTCUSDT"]);
        socket.closeAll(true);
      }),
      all.test("a socket that has not asked for the topic holds up nothing", async () => {
        const erin = venue.rest("erin");
        const [with_, without] = [await carrier(venue, "erin", "dcp.spot"), await carrier(venue, "erin", "order", "dcp.future")];
        await protect(erin, "SPOT");
        await erin.submitOrder(SPOT_ORDER);
        await erin.submitOrder(ORDER);
        with_.closeAll(true);
        await until("the cancel", async () => (await resting(venue, "erin")).length === 1, 6000);
        assert.deepEqual(await resting(venue, "erin"), ["linear BTCUSDT"]);
        without.closeAll(true);
      }),
      all.test("nobody who never carried the topic is protected, and without a window nothing fires", async () => {
        const [frank, grace] = [venue.rest("frank"), venue.rest("grace")];
        const socket = await carrier(venue, "grace", "dcp.future");
        await protect(frank, "DERIVATIVES");
        await frank.submitOrder(ORDER);
        await grace.submitOrder(ORDER);
        socket.closeAll(true);
        await sleep(WINDOW_MS + 500);
        assert.deepEqual([await resting(venue, "frank"), await resting(venue, "grace")], [["linear BTCUSDT"], ["linear BTCUSDT"]]);
      }),
    ];
    await Promise.all(cases);
  });
});
