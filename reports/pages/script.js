"use strict";
// Every page can be read without this: it sorts tables, opens what a link leads into, opens everything for print, and filters
// the leaderboards and the list of models.
document.documentElement.classList.add("js");
document.querySelector(".bar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const words = new Intl.Collator("en", { numeric: true });

// What a cell is sorted by: its number, or its text; undefined for a missing value.
function valueOf(cell) {
  if (cell.classList.contains("none") || !cell.textContent.trim()) return undefined;
  return cell.dataset.sort ?? cell.firstChild.textContent.replace(/[,†]/g, "").trim().toLowerCase();
}

function compare(a, b) {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? words.compare(a, b) : x - y;
}

// Which cell of a row stands below a head: a column with an interval has two.
function placeOf(head) {
  let place = 0;
  for (let other = head.previousElementSibling; other; other = other.previousElementSibling) place += other.colSpan;
  return place;
}

// Rows by one column; what has no value stays last in either direction, equal ones are in the order that the page has at first.
function sort(head, direction) {
  const body = head.closest("table").tBodies[0], place = placeOf(head);
  body.first ??= [...body.rows];
  for (const other of head.parentElement.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", direction);
  const present = [], missing = [];
  for (const row of body.first) {
    const value = valueOf(row.cells[place]);
    if (value === undefined) missing.push(row);
    else present.push([value, row]);
  }
  present.sort(([a], [b]) => (direction === "ascending" ? 1 : -1) * compare(a, b));
  body.append(...present.map(([, row]) => row), ...missing);
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), now = head.getAttribute("aria-sort");
    const direction = now === "descending" ? "ascending"
      : now === "ascending" || head.classList.contains("number") ? "descending" : "ascending";
    sort(head, direction);
    head.dispatchEvent(new CustomEvent("sorted", { bubbles: true, detail: { key: head.dataset.key, direction } }));
  });
}

// The place that the address names; none for an address that is wrongly written.
function placeNamed() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

// A link may lead into something closed.
function reveal() {
  const name = placeNamed();
  const target = name && document.getElementById(name);
  if (!target) return;
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
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

// The list of models: a field of words that all have to be in a row's name.
for (const form of document.querySelectorAll("form[data-filter]")) {
  const rows = document.querySelectorAll(`[data-list="${form.dataset.filter}"] tbody tr`);
  const filter = () => {
    const wanted = form.elements.q.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = `${row.dataset.words} ${row.textContent}`.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    form.querySelector("output").textContent = `${shown} of ${rows.length}`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}

// The leaderboards: what is chosen in the form is shown, and stands in the address, so that a link keeps it.
const form = document.getElementById("filters");
if (form) {
  const rows = [...document.querySelectorAll(".board tbody tr")];
  const boxes = [...form.querySelectorAll("[name=column]")], fields = [...form.querySelectorAll("select, [type=search]")];
  const usual = Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const plain = boxes.filter((box) => !box.checked).map((box) => box.value).join(",");
  let order = "";

  const fits = (row, field) => {
    if (!field.value) return true;
    const own = row.dataset[field.name];
    if (field.name === "q") return field.value.toLowerCase().split(/\s+/).every((word) => row.textContent.toLowerCase().includes(word) || own.includes(word));
    if ("most" in field.dataset) return own !== "" && Number(own) <= Number(field.value);
    return own === field.value || (field.name === "view" && own === "");
  };

  const show = () => {
    let shown = 0;
    for (const row of rows) {
      row.hidden = !fields.every((field) => fits(row, field));
      shown += !row.hidden;
    }
    for (const part of document.querySelectorAll(".kind, .board")) part.hidden = !part.querySelector("tbody tr:not([hidden])");
    const without = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
    for (const head of document.querySelectorAll(".board thead th")) {
      const place = placeOf(head), hidden = without.has(head.dataset.key);
      head.hidden = hidden;
      for (const row of head.closest("table").tBodies[0].rows) {
        for (let at = place; at < place + head.colSpan; at++) row.cells[at].hidden = hidden;
      }
    }
    const chosen = fields.filter((field) => field.value).map((field) => `${field.labels[0].firstChild.textContent.trim()}: ${field.selectedOptions?.[0].textContent ?? field.value}`);
    document.querySelector("output[form=filters]").textContent = `${shown} of ${rows.length} rows${chosen.length ? `; ${chosen.join(", ")}` : ""}`;
  };

  const keep = () => {
    const chosen = new URLSearchParams();
    for (const field of fields) if (field.value !== usual[field.name]) chosen.set(field.name, field.value || "all");
    const without = boxes.filter((box) => !box.checked).map((box) => box.value).join(",");
    if (without !== plain) chosen.set("without", without);
    if (order) chosen.set("sort", order);
    const address = `#${chosen}`, place = placeNamed();
    if (chosen.size || !place || !document.getElementById(place)) history.replaceState(null, "", chosen.size ? address : "#");
    form.querySelector(".permalink").href = address;
  };

  // All boards by one column, which an address can say; by none, as the page has them at first.
  const arrange = () => {
    const [key, direction] = order.split(",");
    for (const body of document.querySelectorAll(".board tbody")) if (body.first) body.append(...body.first);
    for (const head of document.querySelectorAll(".board thead th")) {
      if (head.dataset.key === key) sort(head, direction);
      else if (!head.parentElement.querySelector(`[data-key="${CSS.escape(key)}"]`)) head.setAttribute("aria-sort", "none");
    }
  };

  const take = () => {
    if (location.hash && !location.hash.includes("=")) return; // a place in the page
    const chosen = new URLSearchParams(location.hash.slice(1));
    for (const field of fields) {
      const value = chosen.get(field.name) ?? usual[field.name];
      field.value = value === "all" ? "" : value;
      if (field.value !== value && value !== "all") field.value = usual[field.name];
    }
    const without = new Set((chosen.get("without") ?? plain).split(","));
    for (const box of boxes) box.checked = !without.has(box.value);
    order = chosen.get("sort") ?? "";
    const [key, direction, ...more] = order.split(",");
    const known = [...document.querySelectorAll(".board thead th")].some((head) => head.dataset.key === key);
    if (!known || more.length || !["ascending", "descending"].includes(direction)) order = "";
    arrange();
  };

  form.addEventListener("input", () => { show(); keep(); });
  form.addEventListener("reset", () => setTimeout(() => { order = ""; arrange(); show(); keep(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("sorted", (event) => { order = `${event.detail.key},${event.detail.direction}`; arrange(); keep(); });
  addEventListener("hashchange", () => { take(); show(); });
  take();
  show();
  keep();
  if (innerWidth < 600) form.closest("details").open = false;
}
