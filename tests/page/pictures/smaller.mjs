// A PNG of few colours, as screenshots of text are, in half of its bytes: each line as it is, without the differences
// to the line above that photographs want.

import { crc32, deflateSync, inflateSync } from "node:zlib";

const HEAD = 8, SAMPLES = 3; // red, green, blue

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const size = Buffer.alloc(4), sum = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, sum]);
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(guess - one));
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

export function smaller(png) {
  const parts = [];
  let header;
  for (let at = HEAD; at < png.length;) {
    const size = png.readUInt32BE(at), kind = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + size);
    if (kind === "IHDR") header = data;
    if (kind === "IDAT") parts.push(data);
    at += 12 + size;
  }
  const width = header.readUInt32BE(0), height = header.readUInt32BE(4);
  if (header[8] !== 8 || header[9] !== 2 || header[12] !== 0) throw new Error("not eight bits of red, green and blue");
  const line = width * SAMPLES, filtered = inflateSync(Buffer.concat(parts));
  const out = Buffer.alloc(height * (line + 1)); // with filter 0, none, before each line
  for (let y = 0; y < height; y += 1) {
    const from = y * (line + 1), filter = filtered[from];
    for (let x = 1; x <= line; x += 1) {
      const left = x > SAMPLES ? out[from + x - SAMPLES] : 0, up = y ? out[from - line - 1 + x] : 0;
      const corner = y && x > SAMPLES ? out[from - line - 1 + x - SAMPLES] : 0;
      const before = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      out[from + x] = filtered[from + x] + before;
    }
  }
  const image = deflateSync(out, { level: 9, memLevel: 9 });
  return Buffer.concat([png.subarray(0, HEAD), chunk("IHDR", header), chunk("IDAT", image), chunk("IEND", Buffer.alloc(0))]);
}
