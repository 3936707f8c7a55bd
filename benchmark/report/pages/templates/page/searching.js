"use strict";
// The page that searches: PAGES comes from search.js, MiniSearch from the file before this one.
const field = document.querySelector("#search input"), list = document.querySelector(".results");
const said = document.querySelector("#search output");
const KEPT = 60;
const engine = new MiniSearch({
  fields: ["t", "a", "w"], storeFields: ["t", "k", "a", "u"],
  searchOptions: { boost: { t: 4 }, prefix: true, fuzzy: 0.15, combineWith: "AND" },
});
engine.addAll(PAGES);

function show() {
  const words = field.value.trim(), found = words ? engine.search(words) : [];
  history.replaceState(null, "", words ? `#q=${encodeURIComponent(words)}` : "#");
  said.textContent = words ? `${found.length} ${found.length === 1 ? "page" : "pages"}` : "";
  list.replaceChildren(...found.slice(0, KEPT).map((each) => {
    const item = document.createElement("li"), link = document.createElement("a"), line = document.createElement("span");
    link.href = each.u;
    link.textContent = each.t;
    line.textContent = ` ${each.k}. ${each.a}`;
    line.className = "small";
    item.append(link, line);
    return item;
  }));
}

field.value = new URLSearchParams(location.hash.slice(1)).get("q") ?? new URLSearchParams(location.search).get("q") ?? "";
field.addEventListener("input", show);
field.form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
show();
field.focus(); // not by the attribute, which does nothing on a page whose address has a place
