// Unpacks the Chromium of @sparticuz/chromium, with the libraries and fonts that a bare machine lacks, into the folder
// that it is given: node unpack.mjs .tools/chromium

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const into = resolve(process.argv[2]);
mkdirSync(into, { recursive: true });
process.env.TMPDIR = into; // where it unpacks to
const { inflate } = await import("@sparticuz/chromium");
const packed = fileURLToPath(new URL("../bin/", import.meta.resolve("@sparticuz/chromium")));
for (const part of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"]) await inflate(join(packed, part));
// Its own names folders of Lambda's. Without a font text has no size, and nothing on a page is visible.
writeFileSync(join(into, "fonts", "fonts.conf"), `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(into, "fonts")}</dir>
  <cachedir>${join(into, "fonts-cache")}</cachedir>
</fontconfig>
`);
