// A browser for browser.py: one command a line on standard input, one answer a line on standard output, both JSON.
//   driver.mjs NODE_MODULES CHROMIUM
import { createRequire } from "node:module";
import readline from "node:readline";

const [modules, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

let page;
let problems;

const commands = {
  async open({ url, width = 1280, height = 800, dark = false }) {
    await page?.context().close();
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const origin = new URL(url).origin;
    problems = [];
    page.on("console", m => { if (["error", "warning"].includes(m.type())) problems.push(`console: ${m.text()}`); });
    page.on("pageerror", e => problems.push(`exception: ${e.message}`));
    page.on("dialog", d => { problems.push(`dialog: ${d.message()}`); d.dismiss(); });
    page.on("request", r => {
      const to = new URL(r.url());
      if (to.origin !== origin && !["data:", "blob:"].includes(to.protocol)) problems.push(`left the origin: ${r.url()}`);
    });
    await page.goto(url);
  },
  wait: ({ selector, text }) => (text ? page.locator(selector, { hasText: text }) : page.locator(selector)).first().waitFor(),
  text: ({ selector }) => page.locator(selector).allInnerTexts(),
  count: ({ selector }) => page.locator(selector).count(),
  click: ({ selector }) => page.locator(selector).first().click(),
  fill: ({ selector, text }) => page.locator(selector).fill(text),
  press: ({ key }) => page.keyboard.press(key),
  evaluate: ({ script }) => page.evaluate(script),
  screenshot: ({ path }) => page.screenshot({ path }),
  problems: () => problems,
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...what } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[command](what)) ?? null };
  } catch (fault) {
    answer = { fault: String(fault?.message ?? fault) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
