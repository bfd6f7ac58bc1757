"use strict";
// Sorts the table by the column whose title is clicked; clicked again, the other way round.
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
    // What is empty stays below, whichever way.
    rows = [...filled, ...rows.filter((row) => !keys.get(row))];
    // Emptied first: moving 5,000 rows one by one out of a table that still holds the others takes seconds.
    body.replaceChildren();
    body.append(...rows);
  });
});
