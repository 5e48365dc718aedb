// The pages as the function serves them, and a server that answers from a list.
//
// The headers are those of src/http/pages/static_page.rs; the hashes are made the same way, over the bytes between the tags.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

export const PAGE = readFileSync(new URL("../../src/http/pages/on_call.html", import.meta.url), "utf8");

export const ENROLMENT = readFileSync(new URL("../../src/http/pages/passkey.html", import.meta.url), "utf8");

const part = (name) => readFileSync(new URL(`../../src/http/pages/passkey_form.${name}`, import.meta.url), "utf8");
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The pages of a deployment whose policy has passkeys, and perhaps a desk: put together as in src/http/pages. */
export function withPasskeys(settings, desk) {
  const settled = (html) => html.replace('data-settings="{}"', () => `data-settings="${escaped(JSON.stringify(settings()))}"`);
  const way = desk ? `<p>You have none? Agents verify, and approvers approve, <a href="${escaped(desk)}">on the page of the service desk</a>.</p>` : "";
  const page = PAGE
    .replace("<!-- desk -->", way)
    .replace("</head>", () => `<style>${part("css")}</style>\n</head>`)
    .replace("<!-- passkey -->", () => part("html").trimEnd())
    .replace("</body>", () => `<script>${part("js")}</script>\n</body>`);
  const pages = { "/": page, "/passkey": ENROLMENT };
  return { page: (url) => settled(pages[url]), isAt: (url) => url in pages };
}

export const DESK = readFileSync(new URL("../../src/http/pages/desk.html", import.meta.url), "utf8");

function headersOf(page) {
  const hashes = (element) => page.split(`<${element}>`).slice(1).map((rest) => {
    const inside = rest.split(`</${element}>`)[0];
    return `'sha256-${createHash("sha256").update(inside).digest("base64")}'`;
  }).join(" ");
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      `default-src 'none'; script-src ${hashes("script")}; style-src ${hashes("style")}; ` +
      "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
  };
}

const ON_CALL = { page: PAGE, isAt: (url) => url === "/" };

/**
 * Plays `script`, a list of `{ on: "POST /resets", json, status = 200, headers, wait = 0, drop = false }`, in its
 * order. With `drop` the connection breaks within the answer, after the server has done its work; with `"unsaid"` before
 * the answer, where Chromium sends the same request again by itself, as it does on a connection that was open before.
 * Where `isAt` says so, it serves `page`. `json` may be a function of the request.
 */
export async function fake(script, { page, isAt } = ON_CALL) {
  const left = [...script];
  const requests = [];
  const wrong = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const seen = { method: request.method, url: request.url, headers: request.headers, body };
    requests.push(seen);
    if (request.method === "GET" && isAt(request.url)) {
      const html = typeof page === "function" ? page(request.url) : page;
      response.writeHead(200, headersOf(html)).end(html);
      return;
    }
    if (request.url === "/favicon.ico") {
      response.writeHead(404).end();
      return;
    }
    const next = left.shift();
    if (!next || next.on !== `${request.method} ${request.url}`) {
      wrong.push(`${request.method} ${request.url} where ${next ? next.on : "nothing"} was to come`);
      response.writeHead(500).end();
      return;
    }
    if (next.check) {
      try { next.check(seen); } catch (error) { wrong.push(error.message); }
    }
    if (next.wait) await new Promise((done) => setTimeout(done, next.wait));
    if (next.drop === "unsaid") {
      request.socket.destroy();
      return;
    }
    if (next.drop) {
      response.writeHead(200, { "content-type": "application/json", "content-length": "4096" });
      response.write("{", () => request.socket.destroy());
      return;
    }
    const status = next.status ?? 200;
    const type = status >= 400 ? "application/problem+json" : "application/json";
    response.writeHead(status, { "content-type": type, ...next.headers });
    const json = typeof next.json === "function" ? next.json(seen) : next.json;
    response.end(typeof json === "string" ? json : JSON.stringify(json));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    requests,
    /** Requests that were not next on the list, and those on it that never came. */
    faults: () => [...wrong, ...left.map((one) => `${one.on} never came`)],
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
