"use strict";
// The page can be read without this: it sorts tables, opens what a link leads into, and opens everything for print.
document.documentElement.classList.add("js");

const words = new Intl.Collator("en", { numeric: true });

function compare(a, b) {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? words.compare(a, b) : x - y;
}

// Rows by one column; what has no value stays last in either direction, equal ones keep their order.
function sort(head) {
  const row = head.parentElement, body = head.closest("table").tBodies[0];
  const column = [...row.cells].indexOf(head);
  const direction = head.getAttribute("aria-sort") === "descending" ? "ascending"
    : head.getAttribute("aria-sort") === "ascending" || head.classList.contains("number") ? "descending" : "ascending";
  for (const other of row.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", direction);
  const value = (line) => line.cells[column].dataset.sort;
  const present = [], missing = [];
  for (const line of body.rows) (value(line) === undefined ? missing : present).push(line);
  present.sort((a, b) => (direction === "ascending" ? 1 : -1) * compare(value(a), value(b)));
  body.append(...present, ...missing);
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sort(button.closest("th")));
}

// A link may lead into something closed.
function reveal() {
  const name = decodeURIComponent(location.hash.slice(1));
  const target = name && document.getElementById(name);
  if (!target) return;
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  const own = target.querySelector(":scope > details");
  if (own) own.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

const opened = [];
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    part.open = true;
    opened.push(part);
  }
});
addEventListener("afterprint", () => {
  for (const part of opened.splice(0)) part.open = false;
});
