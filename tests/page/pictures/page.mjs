// The on-call page before the last click, on a phone: node page.mjs URL APPROVAL

import { picture } from "./shot.mjs";

const [url, approval] = process.argv.slice(2);
await picture("on-call-page", { width: 390, height: 200 }, async (page) => {
  await page.goto(`${url}/#approval=${approval}`);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("To confirm").fill("HELP-42");
  await page.locator("footer").evaluate((it) => it.remove());
});
