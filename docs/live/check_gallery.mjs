// node check_gallery.mjs LITE NOTEBOOK [PICTURE]: a notebook of the gallery in JupyterLite in a headless Chromium, all its
// cells. Needs what chromium.mjs needs, and a LITE that fetches nothing from elsewhere (test_gallery.py makes one).
// Prints lines of JSON: whether each cell that shows a picture has one, errors that came out, hosts that were asked.
import path from "node:path";
import { launched, say, served } from "./chromium.mjs";

const [folder, notebook, picture] = process.argv.slice(2);
const server = served(path.resolve(folder));
const browser = await launched({ protocolTimeout: 600000 });
try {
  const page = await browser.newPage();
  const hosts = new Set();
  page.on("request", (request) => hosts.add(new URL(request.url()).hostname));
  page.on("workercreated", (worker) => {
    worker.client.on("Network.requestWillBeSent", (event) => hosts.add(new URL(event.request.url).hostname));
    worker.client.send("Network.enable").catch(() => {});
  });
  await page.setViewport({ width: 1200, height: 1600 });
  await page.goto(`http://127.0.0.1:${server.address().port}/notebooks/index.html?path=${notebook}.ipynb`);
  await page.waitForFunction("window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')", { timeout: 120000 });
  const status = "window.jupyterapp.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status";
  await page.waitForFunction(`${status} === "idle"`, { timeout: 300000 });
  await page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')");
  const showing = "window.jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model.toJSON())"
    + ".filter((cell) => cell.cell_type === 'code' && [cell.source].flat().join('').includes('plt.show()'))";
  say("pictures", await page.evaluate(`${showing}.map((cell) => cell.outputs.some((out) => out.data?.["image/png"]))`));
  const errors = "[...document.querySelectorAll('[data-mime-type=\"application/vnd.jupyter.error\"]')]";
  say("errors", await page.evaluate(`${errors}.map((error) => error.innerText.slice(-500))`));
  say("hosts", [...hosts].filter(Boolean));
  if (picture) await page.screenshot({ path: picture });
} finally {
  await browser.close();
  server.close();
}
