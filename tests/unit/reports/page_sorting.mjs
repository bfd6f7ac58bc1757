// Runs the report page's script on a table of stand-ins: node page_sorting.mjs SCRIPT, with {rows, clicks, searches} on
// standard input. A row is its cells and, if a search needs them, its words. Prints the order after each click, what is
// shown after each search, and how often the script did what takes long.
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const counts = { collators: 0, localeCompares: 0, reads: 0, emptied: 0, appended: 0, movedOneByOne: 0 };
const { rows, clicks, searches = [], words = [] } = JSON.parse(readFileSync(0, "utf8"));

class Body {
  children = [];
  replaceChildren(...nodes) {
    counts.emptied += 1;
    this.children.forEach((row) => (row.parent = null));
    this.children = [];
    if (nodes.length) this.append(...nodes);
  }
  append(...nodes) {
    counts.appended += 1;
    for (const row of nodes) {
      counts.movedOneByOne += Number(row.parent !== null);
      this.children = row.parent ? this.children.filter((other) => other !== row) : this.children;
      this.children.push(row);
      row.parent = this;
    }
  }
}

const cell = ([text, order]) => ({
  dataset: order === undefined ? {} : { order },
  get textContent() {
    counts.reads += 1;
    return ` ${text} `;
  },
});
const body = new Body();
body.children = rows.map((cells, at) => ({
  name: cells[0][0],
  children: cells.map(cell),
  parent: body,
  hidden: false,
  dataset: { is: words[at] ?? "" },
}));
const titles = rows[0].map(() => ({
  attributes: {},
  getAttribute(name) { return this.attributes[name] ?? null; },
  setAttribute(name, value) { this.attributes[name] = value; },
  removeAttribute(name) { delete this.attributes[name]; },
  addEventListener(_, listener) { this.click = listener; },
}));

const input = { value: "" };
const select = { value: "", get selectedOptions() { return [{ text: `the ${this.value}` }]; } };
const output = { value: "" };
const find = {
  hidden: true,
  addEventListener(_, listener) { this.search = listener; },
  querySelector: (kind) => ({ input, select, output })[kind],
};
const document = { querySelector: (name) => (name === "tbody" ? body : find), querySelectorAll: () => titles };
class Collator extends Intl.Collator {
  constructor(...options) {
    super(...options);
    counts.collators += 1;
  }
}
const context = { document, Intl: { Collator }, counts };
const watched = "String.prototype.localeCompare = () => { counts.localeCompares += 1; return 0; };";
runInNewContext(watched + readFileSync(process.argv[2], "utf8").replace('"use strict";', ""), context);

const orders = clicks.map((column) => {
  titles[column].click();
  return { names: body.children.map((row) => row.name), sorted: titles.map((title) => title.getAttribute("aria-sort")) };
});
const found = searches.map(([typed, status]) => {
  [input.value, select.value] = [typed, status];
  find.search();
  return { names: body.children.filter((row) => !row.hidden).map((row) => row.name), result: output.value };
});
console.log(JSON.stringify({ orders, counts, found, usable: !find.hidden }));
