// Limits and approvals in a real browser over a fake server: tightened at once, loosened by two.

import assert from "node:assert/strict";
import { bound, go, logIn, openPage, screenshot, textOf, until } from "./browser.mjs";
import { browser, story } from "./story.mjs";

bound(300000);

const limitsValue = (page, name) => textOf(page, `[data-limit=${name}] [data-test=in-force]`);
const notice = (page, words) =>
  until(`a notice: ${words}`, async () => (await page.textContent(".notices")).includes(words));

story("tightening applies at once and says its generation", { view: "risk" }, async (page, server) => {
  await until("limits", async () => (await limitsValue(page, "max_daily_loss")) === "20000.50");
  await page.fill("#limit-max_order_lots", "300");
  await page.fill("#limit-max_daily_loss", "15000.125");
  await page.fill("#limits-reason", "quiet day");
  assert.equal(await textOf(page, "#limits-apply"), "Tighten now");
  await page.click("#limits-apply");
  await notice(page, "are in force as generation 8");
  await until(
    "the new value",
    async () => (await limitsValue(page, "max_daily_loss")) === "15000.125",
  );
  assert.equal(await limitsValue(page, "max_order_lots"), "300");
  const put = server.seen.find((request) => request.method === "PUT");
  assert.equal(put.path, "/limits/firm");
  assert.equal(put.headers["if-match"], '"7"');
  assert.deepEqual(put.body, {
    limits: { max_order_lots: 300, max_daily_loss: "15000.125" },
    reason: "quiet day",
  });
  assert.equal(await page.inputValue("#limit-max_order_lots"), "");
});

story("the hard cap of the configuration file is told before sending", { view: "risk" }, async (page, server) => {
  const row = "[data-limit=max_order_lots]";
  const cap = () => textOf(page, `${row} [data-test=cap]`);
  await until("the schema", async () => (await cap()) === "1000");
  await page.fill("#limit-max_order_lots", "1001");
  await page.fill("#limits-reason", "big client");
  assert.match(await textOf(page, row), /the hard cap of the configuration file is 1000/);
  assert.equal(await page.isDisabled("#limits-apply"), true);
  await page.fill("#limit-max_order_lots", "1000");
  assert.equal(await page.isDisabled("#limits-apply"), false);
  await page.selectOption("#at-limitsChange", "venue/sim");
  assert.equal(await cap(), "", "another scope has none");
  assert.equal(server.seen.some(({ method }) => method === "PUT"), false);
});

story("on a phone the hard cap is in sight beside the field", { view: "risk", viewport: { width: 390, height: 844 } }, async (page) => {
  const cap = page.locator("[data-limit=max_order_lots] .limit-cap-below");
  await until("the cap", async () => (await cap.innerText()) === "cap 1000");
  const box = await cap.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box));
});

story("a hard cap of either sense, one that allows nothing, and a server that tells none", { view: "risk" }, async (page, { desk }) => {
  const schema = desk.schema.bind(desk);
  async function serve(change) {
    desk.schema = () => change(schema());
    await page.reload();
    await until("the rows", () => page.isVisible("[data-limit=max_order_lots]"));
    await until("in step", async () => (await page.getAttribute("[data-panel=limits]", "data-stale")) === "no");
    await page.fill("#limits-reason", "drill");
  }
  const says = async (typed) => {
    await page.fill("#limit-max_order_lots", typed);
    return textOf(page, "#limit-max_order_lots-says");
  };
  await serve((served) => {
    served.limits.find(({ name }) => name === "max_order_lots").sense = "min";
    return served;
  });
  assert.match(await says("999"), /the hard cap of the configuration file is 1000/);
  assert.doesNotMatch(await says("1001"), /cap/);
  await serve((served) => ({ ...served, caps: { firm: { max_order_lots: null } } }));
  assert.match(await says("1"), /the configuration file allows no value/);
  assert.equal(await page.isDisabled("#limits-apply"), true);
  assert.equal(await textOf(page, "[data-limit=max_order_lots] [data-test=cap]"), "no value");
  await serve(({ limits, scopes }) => ({ limits, scopes }));
  assert.doesNotMatch(await says("1001"), /cap/);
  assert.equal(await page.isVisible("[data-test=broken]"), false);
});

story("a proposal says who asks and as what, and whose account it is for", {}, async (page, { desk }) => {
  const role = [{ name: "role", old: "viewer", new: "risk" }];
  Object.assign(desk.propose("role", "user/zed", role, 8, "promoted", "risk1"), {
    person: "ann",
    by: "token",
    account: { user: "zed", person: "ghost", created_ns: "1790000162818740277", created_by: "admin" },
  });
  desk.propose("limits", "firm", [], 7, "more", "local:0").by = "local";
  await go(page, "approvals");
  const card = (id) => textOf(page, `[data-approval='${id}']`);
  await until("both", () => page.isVisible("[data-approval='2']"));
  assert.match(await card(1), /Account zed of person ghost, made 2026-\S+ \S+ UTC by admin/);
  assert.match(await card(1), /token risk1 \(person ann\) asks/);
  assert.doesNotMatch(await card(1), /needs another person/, "a token of that name is not who looks");
  assert.match(await card(2), /local:0 asks.*on the host itself: make sure that it was not you/s);
});

story(
  "loosening waits for a second person, who proves who they are",
  { view: "risk", complaints: [/403/] },
  async (page, server) => {
    await page.fill("#limit-max_order_lots", "900");
    await page.fill("#limits-reason", "big client");
    assert.equal(await textOf(page, "#limits-apply"), "Ask for approval");
    await page.click("#limits-apply");
    await notice(page, "approval 1 waits for a second person");
    assert.equal(await limitsValue(page, "max_order_lots"), "500");
    await go(page, "approvals");
    await until("the approval", () => page.isVisible("[data-approval='1']"));
    assert.match(
      await textOf(page, "[data-approval='1']"),
      /Max order lots of the whole firm: 500 \u2192 900/,
    );
    assert.equal(await page.isDisabled("[data-approval='1'] .button-approve"), true);

    const second = await openPage(browser, page.url());
    try {
      await logIn(second.page, "risk2", "demo");
      server.fault.reauth = true;
      await second.page.click("[data-approval='1'] .button-approve");
      assert.match(
        await textOf(second.page, ".dialog"),
        /SIM mock-desk.*Approve\?.*500 \u2192 900.*big client/,
      );
      await screenshot(second.page, "approve");
      await second.page.click("#dialog-yes");
      await until("the password is asked", () => second.page.isVisible("#dialog-password"));
      await second.page.fill("#dialog-password", "demo");
      await second.page.keyboard.press("Enter");
      await notice(second.page, "Approval 1: applied");
      await go(second.page, "risk");
      await until(
        "the new value there",
        async () => (await limitsValue(second.page, "max_order_lots")) === "900",
      );
    } finally {
      await second.close();
    }
    await until("who approved", () => page.isVisible("[data-approval='1'] [data-test=decider]"));
    assert.equal(
      await textOf(page, "[data-approval='1'] [data-test=decider]"),
      "approved by risk2",
    );
    await go(page, "risk");
    await until(
      "the new value here",
      async () => (await limitsValue(page, "max_order_lots")) === "900",
    );
  },
);

story(
  "a stale If-Match shows what moved and applies nothing",
  { view: "risk", complaints: [/412/] },
  async (page, server) => {
    await page.fill("#limit-max_order_lots", "300");
    await page.fill("#limits-reason", "too late");
    const limits = server.limits.bind(server);
    server.limits = (method, scope, call) => {
      if (method === "PUT") {
        server.desk.limitsMove("firm", "max_open_orders", 25);
        server.limits = limits;
      }
      limits(method, scope, call);
    };
    await page.click("#limits-apply");
    await until("what moved", async () =>
      (await textOf(page, ".moved")).includes("Max open orders 40 \u2192 25"),
    );
    assert.equal(await page.inputValue("#limit-max_order_lots"), "300");
    assert.equal(await limitsValue(page, "max_order_lots"), "500");
    await page.click("#limits-apply");
    await notice(page, "are in force as generation 9");
  },
);

story(
  "what was typed is judged by the generation it was typed against",
  { view: "risk", complaints: [/412/] },
  async (page, server) => {
    await page.fill("#limit-max_order_lots", "300");
    await page.fill("#limits-reason", "seen at seven");
    server.desk.limitsMove("firm", "max_open_orders", 25);
    await until("the warning", async () =>
      (await textOf(page, ".moved")).includes("moved to generation 8 while you were typing"),
    );
    await page.click("#limits-apply");
    await until("the refusal", async () =>
      (await textOf(page, ".moved")).includes("Nothing of yours was applied"),
    );
    assert.equal(
      server.seen.find((request) => request.method === "PUT").headers["if-match"],
      '"7"',
    );
    assert.equal(await limitsValue(page, "max_order_lots"), "500");
  },
);

story("a value out of the schema's range cannot be sent", { view: "risk" }, async (page) => {
  await page.fill("#limits-reason", "typo");
  for (const [wrong, words] of [
    ["0", "not below 1"],
    ["1.5", "a whole number"],
    ["9e9", "a whole number"],
    ["99999999", "not above"],
  ]) {
    await page.fill("#limit-max_order_lots", wrong);
    await until(words, async () =>
      (await textOf(page, "#limit-max_order_lots-says")).includes(words),
    );
    assert.equal(await page.isDisabled("#limits-apply"), true);
  }
});

story(
  "an administrator sees approvals and cannot decide them",
  { view: "approvals", user: "admin" },
  async (page, server) => {
    server.desk.propose(
      "limits",
      "firm",
      [{ name: "max_order_lots", old: 500, new: 600 }],
      7,
      "room",
      "risk1",
    );
    await until("the approval", () => page.isVisible("[data-approval='1']"));
    assert.equal(await page.isDisabled("[data-approval='1'] .button-approve"), true);
  },
);
