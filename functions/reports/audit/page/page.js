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

// Shows the users with the chosen status whose path, name or ID contains each word that is typed. Paper shows the same.
const find = document.querySelector(".find");
const [typed, status, result] = ["input", "select", "output"].map((kind) => find.querySelector(kind));
const names = new Map();
const filter = () => {
  if (!names.size) rows.forEach((row) => names.set(row, row.children[0].textContent.toLowerCase()));
  const words = typed.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const [row, name] of names) {
    const fits = !status.value || row.dataset.is.split(" ").includes(status.value);
    row.hidden = !fits || !words.every((word) => name.includes(word));
    shown += !row.hidden;
  }
  const chosen = [status.value && status.selectedOptions[0].text, words.length && `\u201c${words.join(" ")}\u201d`].filter(Boolean);
  const number = (count) => count.toLocaleString("en");
  result.value = chosen.length ? `${number(shown)} of ${number(names.size)}: ${chosen.join(", ")}` : "";
};
find.hidden = false;
find.addEventListener("input", filter);
