// A folder served on this machine, and a headless Chromium: what the checks of pages share. Needs puppeteer-core in the
// working folder, and CHROMIUM or /usr/bin/chromium.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { createRequire } from "node:module";

const puppeteer = createRequire(path.join(process.cwd(), "x.js"))("puppeteer-core");
const KINDS = {
  ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
  ".json": "application/json", ".wasm": "application/wasm",
};

export const served = (folder) => http.createServer((request, answer) => {
  const name = decodeURI(new URL(request.url, "http://x").pathname).replace(/\/$/, "/index.html");
  fs.readFile(path.join(folder, name), (error, content) => {
    answer.writeHead(error ? 404 : 200, { "content-type": KINDS[path.extname(name)] || "application/octet-stream" });
    answer.end(content);
  });
}).listen(0, "127.0.0.1");

export const launched = (more = {}) => puppeteer.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars"],
  ...more,
});

export const say = (name, value) => console.log(JSON.stringify({ [name]: value }));
