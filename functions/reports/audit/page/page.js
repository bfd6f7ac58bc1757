"use strict";
// Sorts the table by the column whose title is clicked; clicked again, the other way round.
const body = document.querySelector("tbody");
const titles = [...document.querySelectorAll("thead th")];
const worth = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.order || cell.textContent.trim();
};
titles.forEach((title, column) => {
  title.addEventListener("click", () => {
    const down = title.getAttribute("aria-sort") === "ascending";
    titles.forEach((other) => other.removeAttribute("aria-sort"));
    title.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((one, other) => {
      const [a, b] = [worth(one, column), worth(other, column)];
      // What is empty stays below, whichever way.
      if (!a || !b) return Number(!a) - Number(!b);
      return (down ? -1 : 1) * a.localeCompare(b, "en", { numeric: true });
    });
    body.append(...rows);
  });
});
