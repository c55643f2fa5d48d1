// One story of the dashboard: a fake server, a logged-in page, and at the end no complaint of the browser.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { builtPage, go, launch, logIn, openPage, until } from "./browser.mjs";
import { MockServer } from "./mock-server.mjs";

export const VIEWS = [
  ...["overview", "market", "orders", "trading", "risk", "kill", "approvals", "strategies"],
  ...["reconciliation", "alerts", "audit", "system"],
];

/** Which panels are behind: "yes" or "no" for each. */
export const staleness = (page) =>
  page.$$eval("[data-panel]", (panels) => panels.map((panel) => panel.dataset.stale));

export let browser;
let dir;

before(async () => {
  dir = builtPage();
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** One story: a server, a logged-in page, and at the end no complaint of the browser. */
export function story(name, options, tell) {
  const { user = "risk1", mode = "sim", view = "overview", viewport } = options;
  const { complaints = [], timeout = 90000 } = options;
  test(name, { timeout }, async () => {
    const server = new MockServer(dir, { seed: 7, mode });
    const url = await server.start();
    const opened = await openPage(browser, url, viewport);
    try {
      if (user) {
        await logIn(opened.page, user, "demo");
        await go(opened.page, view);
        // Playwright types nothing into a panel that is still inert.
        await until("all panels in step", async () =>
          (await staleness(opened.page)).every((stale) => stale === "no"),
        );
      }
      await tell(opened.page, server);
      const unexpected = (await opened.complaints()).filter(
        (said) => !complaints.some((known) => known.test(said)),
      );
      assert.deepEqual(unexpected, []);
    } finally {
      await opened.close();
      await server.stop();
    }
  });
}
