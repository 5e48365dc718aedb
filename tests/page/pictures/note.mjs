// A note of the product as a comment on a ticket, in a plain frame: node note.mjs TICKET TEXT

import { picture } from "./shot.mjs";

const [ticket, text] = process.argv.slice(2);
const FRAME = `<!doctype html><html lang="en"><title>Note</title><style>
* { box-sizing: border-box; }
body { margin: 0; padding: 16px; background: #f3f5f8; color: #18212b; font: 15px/1.5 system-ui, sans-serif; }
article { display: flex; gap: 12px; background: #fff; border: 1px solid #c9d1db; border-radius: 8px; padding: 16px; }
.face { flex: none; width: 36px; height: 36px; border-radius: 50%; background: #0b539c; color: #fff; display: grid; place-items: center; font-weight: 600; }
header { margin-bottom: 4px; } header span { color: #465363; margin-left: 8px; font-size: 13px; }
h1 { margin: 0 0 10px; font-size: 14px; font-weight: 600; color: #465363; }
p { margin: 0; white-space: pre-line; overflow-wrap: anywhere; }
</style><h1></h1><article><div class="face">R</div><div><header><strong>reregister-mfa</strong><span>Internal note</span></header><p></p></div></article>`;
await picture("ticket-note", { width: 720, height: 200 }, async (page) => {
  await page.setContent(FRAME);
  await page.locator("h1").evaluate((it, words) => { it.textContent = words; }, `${ticket}: lost phone, cannot sign in`);
  await page.locator("p").evaluate((it, words) => { it.textContent = words; }, text);
});
