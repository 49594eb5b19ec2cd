// Not in guests: the page in a real browser depends on no kernel.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Chromium, type Tab } from "../support/chromium.ts";
import { pageOf } from "../support/page_listener.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { scriptCommand } from "../support/runtime.ts";
import { startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/**
 * Checks that a page did not violate its security policy and requested nothing from other servers.
 */
function isClean(tab: Tab, url: string): void {
  deepEqual(tab.problems, []);
  deepEqual(tab.requests.filter((each) => !each.startsWith(url)), []);
}

/** The interactive elements without an accessible name. */
async function nameless(tab: Tab): Promise<unknown[]> {
  const { nodes } = await tab.ask("Accessibility.getFullAXTree") as {
    nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[];
  };
  const used = /^(button|textbox|searchbox|link|combobox|table|image|region|navigation)$/;
  return nodes.filter(({ ignored, role, name }) =>
    !ignored && used.test(role?.value ?? "") && !name?.value
  );
}

const full = (name: string) => ({ skip: requires(name, "full", "chromium") });

const table =
  "the table is sorted, filtered, paused and read by keys, and hostile names harm nothing";
test(table, full(table), async () => {
  await using browser = await Chromium.start();
  using folder = new Folder();
  await using tool = await startTool("opensnoop", "--web", "-p", String(process.pid));
  const url = await pageOf(tool);
  const tab = await browser.open(url);
  const hostile = [
    "<img src=x onerror=document.title='bad'>",
    "<script>alert(1)</script>".replaceAll("/", "_"),
    "\x1b[31m\u202egnp.exe",
    "' \" & `${1}`",
  ];
  const open = (name: string) => closeSync(openSync(join(folder.path, name), "w"));
  hostile.forEach(open);
  const cells = (column: number) =>
    tab.value<string[]>(
      `[...document.querySelectorAll("tr.row")].map((row) => row.cells[${column}].textContent)`,
    );
  const type = async (text: string) => {
    await tab.value("document.querySelector('#filter').value = ''");
    await tab.press("/");
    await tab.type(text);
    await tab.press("Escape").catch(() => {});
  };
  /** Waits until the table's rows are in this order: it is drawn in the next animation frame. */
  const shows = async (expected: readonly string[]) => {
    while (JSON.stringify(await cells(4)) !== JSON.stringify(expected)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await tab.until("document.querySelectorAll('tr.row').length >= 4");
  await tab.press("/");
  equal(await tab.value("document.activeElement.id"), "filter");
  await tab.type(`path:${folder.path}`);
  await tab.until("document.querySelectorAll('tr.row').length === 4");
  const shown = ["\\x1b[31m\\u{202e}gnp.exe"];
  const expected = [hostile[0]!, hostile[1]!, ...shown, hostile[3]!]
    .map((name) => join(folder.path, name));
  deepEqual((await cells(4)).reverse(), expected);
  equal(await tab.value("document.querySelectorAll('td img, td script').length"), 0);
  equal(await tab.value("document.title"), "opensnoop · ts-bcc");
  // Sorting by keyboard only, descending and ascending.
  const focus = "[...document.querySelectorAll('th button')].at(-1).focus()";
  await tab.value(focus);
  await tab.press("Enter");
  await tab.until("document.querySelector('th:last-child').ariaSort === 'ascending'");
  await shows(expected.toSorted());
  await tab.press("Enter");
  await tab.until("document.querySelector('th:last-child').ariaSort === 'descending'");
  await shows(expected.toSorted().reverse());
  await tab.press("Enter");
  await shows(expected.toReversed());
  // Arrow keys select a row, whose details are shown.
  await tab.value("document.querySelector('.scroller').focus()");
  await tab.press("ArrowDown");
  await tab.press("ArrowDown");
  await tab.until("!document.querySelector('.detail').hidden");
  match(await tab.value("document.querySelector('.detail').textContent"), /PATH/);
  // A pause stops new rows; counters go on.
  await tab.press("p");
  await tab.until("document.querySelector('#pause').ariaPressed === 'true'");
  const before = await cells(4);
  const total = "Number(document.querySelector('#total').textContent.replaceAll(',', ''))";
  const counted = await tab.value<number>(total);
  for (let i = 0; i < 23; i++) open("later");
  await tab.until(`${total} >= ${counted + 23}`);
  deepEqual(await cells(4), before);
  await tab.press("p");
  for (let i = 0; i < 3; i++) open("later");
  await tab.until(
    "[...document.querySelectorAll('tr.row')].some((r) => r.textContent.includes('later'))",
  );
  await type("/(/");
  await tab.until(
    "document.querySelector('#filter').ariaInvalid === 'true' || !document.querySelector('#filter').value",
  );
  // Losses are shown even if there are none.
  deepEqual(
    await tab.value("[...document.querySelectorAll('#losses li')].map((each) => each.textContent)"),
    ["dropped 0", "missed 0", "truncated 0"],
  );
  // Light and dark colours, by the system's setting and by the page's switch.
  const color = () => tab.value<string>("getComputedStyle(document.body).backgroundColor");
  const light = await color();
  await tab.dark(true);
  await tab.until(`getComputedStyle(document.body).backgroundColor !== ${JSON.stringify(light)}`);
  await tab.value("document.querySelector('#theme').click()");
  equal(await color(), light);
  deepEqual(await nameless(tab), []);
  isClean(tab, url);
  await stopTool(tool);
  await tab.until("document.querySelector('#state').textContent === 'ended'");
});

const heat = "histograms are heat maps over time that can be read cell by cell";
test(heat, full(heat), async () => {
  await using browser = await Chromium.start();
  await using tool = await startTool("runqlat", "--web", "0.2");
  const url = await pageOf(tool);
  const tab = await browser.open(url);
  await tab.until("Number(document.querySelector('#total').textContent) >= 5");
  const colors = await tab.value<number>(`(() => {
    const canvas = document.querySelector(".heat canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`);
  ok(colors >= 4, String(colors));
  await tab.value("document.querySelector('.heat canvas').focus()");
  for (const key of ["ArrowLeft", "ArrowUp", "ArrowUp"]) await tab.press(key);
  match(
    await tab.value("document.querySelector('.heat .readout').textContent"),
    /^\d\d:\d\d:\d\d: [\d,]+ × \d.* usecs$/,
  );
  match(
    await tab.value("document.querySelector('.heat canvas').ariaLabel"),
    /in all, most of them/,
  );
  deepEqual(await nameless(tab), []);
  isClean(tab, url);
});

const held =
  "reports of a pause wait, and what the page drops of a long one is told and stays told";
test(held, full(held), async () => {
  await using browser = await Chromium.start();
  await using tool = await startTool("runqlat", "--web", "0.005");
  const url = await pageOf(tool);
  const tab = await browser.open(url);
  const text = (id: string) => tab.value<string>(`document.querySelector("#${id}").textContent`);
  await tab.until("Number(document.querySelector('#total').textContent.replaceAll(',', '')) >= 5");
  match(await text("losses"), /^dropped 0/);
  await tab.press("p");
  await tab.until("/ reports wait/.test(document.querySelector('#facts').textContent)");
  await tab.until("/dropped \\d+ reports/.test(document.querySelector('#reasons').textContent)");
  match(
    await text("reasons"),
    /^dropped [\d,]+ reports: a pause of this page holds the latest 600 back, not those before$/,
  );
  await tab.until("document.querySelector('#facts').textContent === '600 reports wait'");
  await tab.press("p");
  await tab.until("!document.querySelector('#facts').textContent.includes('wait')");
  match(await text("losses"), /^dropped [1-9]/);
  match(await text("reasons"), /^dropped [\d,]+ reports: /);
  isClean(tab, url);
});

const flames = "stacks are a live flame graph with zoom, search and difference";
test(flames, full(flames), async () => {
  await using browser = await Chromium.start();
  await using busy = Running.start(["sh", "-c", "while :; do :; done"]);
  await using tool = await startTool("profile", "--web", "-p", String(busy.pid));
  const url = await pageOf(tool);
  const tab = await browser.open(url);
  const boxes = "document.querySelectorAll('.flames button')";
  await tab.until(`${boxes}.length > 3`);
  equal(await tab.value(`${boxes}[1].textContent`), "sh");
  await tab.value(`${boxes}[2].focus()`);
  await tab.press("Enter");
  await tab.until(
    "[...document.querySelectorAll('.stacks button')].some((b) => b.textContent === 'Show all' && !b.hidden)",
  );
  await tab.press("Escape");
  await tab.until(
    "[...document.querySelectorAll('.stacks button')].some((b) => b.textContent === 'Show all' && b.hidden)",
  );
  await tab.press("/");
  await tab.type("^sh$");
  await tab.until("document.querySelectorAll('.flames .found').length === 1");
  equal(
    await tab.value("document.querySelector('.stacks .bar output').textContent"),
    "100.0 % match",
  );
  await tab.press("Escape");
  await tab.press("m");
  await tab.until("!document.querySelector('.legend').hidden");
  // The next report has more samples.
  await tab.until(`${boxes}.length > 3`);
  match(
    await tab.value(`${boxes}[1].ariaLabel`),
    /^sh: [\d,]+ samples, 100\.0 %; before the mark /,
  );
  deepEqual(await nameless(tab), []);
  isClean(tab, url);
});

const list = "ts-bcc web starts a tool with what is typed, shows its page, and stops it";
test(list, full(list), async () => {
  await using browser = await Chromium.start();
  const command = process.env.TSBCC_EXECUTABLE
    ? [process.env.TSBCC_EXECUTABLE]
    : scriptCommand(`${PROJECT}cli/ts_bcc.ts`);
  await using server = Running.start([...command, "web"]);
  const url = await pageOf(server);
  const tab = await browser.open(url);
  await tab.until("document.querySelectorAll('#tools button').length > 100");
  equal(await tab.value("document.activeElement.id"), "find");
  await tab.type("runqlat");
  await tab.until("document.querySelectorAll('#tools button').length === 1");
  await tab.press("Enter");
  await tab.until("document.activeElement.id === 'arguments'");
  await tab.type("-m 'x y'");
  await tab.until("document.querySelectorAll('.argv code').length === 2");
  await tab.press("Enter");
  await tab.until("document.querySelector('.problem').textContent");
  match(await tab.value("document.querySelector('.problem').textContent"), /"x y"/);
  await tab.value("document.querySelector('#arguments').select()");
  await tab.type("-m");
  await tab.until("document.querySelectorAll('.argv code').length === 1");
  await tab.press("Enter");
  await tab.until("document.querySelector('.run a:not([hidden])')");
  deepEqual(await nameless(tab), []);
  const run = await browser.open(`${url}run/1/`);
  await run.until("document.querySelector('.heat canvas')");
  equal(await run.value("document.querySelector('#words').textContent"), "-m");
  isClean(run, url);
  await tab.value("document.querySelector('.run button').click()");
  await tab.until("document.querySelector('.run').dataset.state === 'ended'");
  await run.until("document.querySelector('#state').textContent === 'ended'");
  // The browser logs the 422 response to the refused arguments.
  deepEqual(tab.problems.filter((each) => !/status of 422/.test(each)), []);
  server.kill("SIGINT");
  equal((await server.result).status, 0);
});
