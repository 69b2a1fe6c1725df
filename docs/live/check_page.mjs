// node check_page.mjs FOLDER [PICTURES]: the page in a headless Chromium, end to end. Needs puppeteer-core, and CHROMIUM
// or /usr/bin/chromium. Prints one line of JSON for each thing that was seen; pictures go to the folder PICTURES.
import fs from "node:fs";
import path from "node:path";
import { launched, say, served } from "./chromium.mjs";

const [folder, pictures] = process.argv.slice(2).map((name) => path.resolve(name));
const server = served(folder);
const until = async (page, what) => { // seconds until it is so
  const began = performance.now();
  await page.waitForFunction(what, { timeout: 300000, polling: 50 });
  return (performance.now() - began) / 1000;
};
const later = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

const browser = await launched();
try {
  const page = await browser.newPage();
  const faults = [];
  const hosts = new Set();
  page.on("pageerror", (error) => faults.push(String(error).slice(0, 300)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text().slice(0, 300)));
  page.on("request", (request) => hosts.add(new URL(request.url()).hostname));
  await page.setViewport({ width: 1280, height: 1100 });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction("window.firstMotion", { timeout: 120000 });
  say("first motion, s", (await page.evaluate("window.firstMotion")) / 1000);

  say("trained", await page.evaluate("trainInPage(200, { seed: 1 })"));
  say("flipped", await page.evaluate('trainInPage(200, { seed: 1, rule: "flipped-signs" })'));

  await page.click("#again");
  const arm = await (await page.$("#arm")).boundingBox();
  await page.mouse.move(arm.x + 0.62 * arm.width, arm.y + 0.35 * arm.height);
  say("at the mouse, s", await until(page, "distance() < 0.02"));
  say("updates", await page.evaluate("curves.at(-1).points.at(-1).updates"));

  const before = await page.evaluate("feedback[3][2]");
  const b = await (await page.$("#b")).boundingBox();
  const cell = await page.evaluate("grid().cell");
  await page.mouse.click(b.x + 3.5 * cell, b.y + 2.5 * cell);
  await later(2);
  say("synapse turned", before * (await page.evaluate("feedback[3][2]")) < 0);

  await page.focus("#b");
  const right = await page.evaluate("feedback[chosen[0] + 1][chosen[1]]");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await later(2);
  say("synapse turned by key", right * (await page.evaluate("feedback[chosen[0]][chosen[1]]")) < 0);

  await page.focus("#arm");
  const place = await page.evaluate("target");
  await page.keyboard.press("ArrowRight");
  say("arrow key, m", (await page.evaluate("target[0]")) - place[0]);
  await page.click("input[value=shallow] + span");
  await later(3);
  say("curves", await page.evaluate("curves.filter((curve) => curve.points.length).map((curve) => curve.rule)"));
  say("faults", faults);
  say("hosts", [...hosts]);
  if (pictures) {
    fs.mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: path.join(pictures, "desktop.png"), fullPage: true });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await later(1);
    await page.screenshot({ path: path.join(pictures, "dark.png"), fullPage: true });
  }
  await page.close();
  const phone = await browser.newPage();
  await phone.setViewport({ width: 375, height: 812, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  await phone.goto(`http://127.0.0.1:${server.address().port}/`);
  await phone.waitForFunction("window.firstMotion", { timeout: 120000 });
  const small = await (await phone.$("#arm")).boundingBox();
  await phone.touchscreen.tap(small.x + 0.6 * small.width, small.y + 0.4 * small.height);
  say("at the tap, s", await until(phone, "distance() < 0.02"));
  say("wider than the phone by", await phone.evaluate("document.documentElement.scrollWidth - innerWidth"));
  if (pictures) await phone.screenshot({ path: path.join(pictures, "phone.png"), fullPage: true });
} finally {
  await browser.close();
  server.close();
}
