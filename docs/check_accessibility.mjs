// Opens pages of the built site in Chromium, light and dark, wide and narrow, and looks for what keeps people out.
//
//   npm install --no-save --prefix docs/_build puppeteer-core@24.43.1 axe-core@4.14.1
//   CHROMIUM=/usr/bin/chromium node docs/check_accessibility.mjs [folder for pictures]
//
// Ends with an error where axe-core finds a serious or critical fault, or a page is wider than its screen.

import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const docs = dirname(fileURLToPath(import.meta.url));
const built = join(docs, "_build");
const require = createRequire(join(process.env.NODE_PACKAGES ?? built, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = require.resolve("axe-core/axe.min.js");

const pages = [
  "index", "gallery/index", "gallery/ellipses", "cards/arms/index", "cards/arms/li_todorov", "cards/environments/index",
  "cards/environments/reach", "cards/rules/index", "cards/rules/feedback-alignment", "cards/commands/train", "api/index",
  "api/armfa.plant", "reproduction/README", "benchmark/README", "choosing", "environments",
];
const pictures = process.argv[2] && resolve(process.argv[2]);
if (pictures) mkdirSync(pictures, { recursive: true });

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"],
});
let faults = 0;
for (const page of pages) {
  for (const [width, height] of [[1280, 900], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      const tab = await browser.newPage();
      await tab.setViewport({ width, height });
      await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      const errors = [];
      tab.on("pageerror", (error) => errors.push(error.message));
      await tab.goto(pathToFileURL(join(process.env.SITE ?? join(built, "html"), `${page}.html`)).href, { waitUntil: "load" });
      await tab.evaluate((mode) => { document.documentElement.dataset.theme = mode; }, scheme);
      await tab.addScriptTag({ path: axe });
      const { violations } = await tab.evaluate(() => window.axe.run());
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      const where = `${page} ${width} ${scheme}`;
      if (wide > 0) errors.push(`${wide} pixels wider than the screen`);
      for (const message of errors) console.log(`${where}: ${message}`);
      faults += errors.length;
      for (const { id, impact, nodes } of violations) {
        if (impact !== "serious" && impact !== "critical") continue;
        faults += 1;
        console.log(`${where}: ${impact} ${id}, ${nodes.length} places, such as ${nodes[0].html.slice(0, 160)}`);
      }
      if (pictures) {
        const name = `${page.replaceAll("/", "_")}_${width}_${scheme}.png`;
        await tab.screenshot({ path: join(pictures, name) });
      }
      await tab.close();
    }
  }
}
await browser.close();
console.log(faults ? `${faults} faults` : `${pages.length} pages, no serious or critical fault`);
process.exit(faults ? 1 : 0);
