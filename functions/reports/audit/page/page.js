"use strict";
// Sorts the table by the column whose title is clicked; a second click reverses the order.
const body = document.querySelector("tbody");
const titles = [...document.querySelectorAll("thead th")];
const { compare } = new Intl.Collator("en", { numeric: true });
const worth = (cell) => cell.dataset.order || cell.textContent.trim();
let rows = [...body.children];
titles.forEach((title, column) => {
  const keys = new Map();
  title.addEventListener("click", () => {
    const down = title.getAttribute("aria-sort") === "ascending";
    titles.forEach((other) => other.removeAttribute("aria-sort"));
    title.setAttribute("aria-sort", down ? "descending" : "ascending");
    if (!keys.size) rows.forEach((row) => keys.set(row, worth(row.children[column])));
    const filled = rows.filter((row) => keys.get(row));
    filled.sort((one, other) => (down ? -1 : 1) * compare(keys.get(one), keys.get(other)));
    // Empty cells stay at the bottom in both orders.
    rows = [...filled, ...rows.filter((row) => !keys.get(row))];
    // Remove all rows first: moving 5,000 rows one by one out of a full table takes seconds.
    body.replaceChildren();
    body.append(...rows);
  });
});
