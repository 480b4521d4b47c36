// What links and forms cannot do: keys, copying, one open cell at a time, and errors that show.
"use strict";

let hiding;

function say(text) {
  // Going back makes the page anew.
  const notice = document.getElementById("notice");
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { notice.hidden = true; }, 6000);
}

async function copy(text, what = text) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}`);
  } catch {
    say(`Copying is not allowed here: ${what}`);
  }
}

// A text area is selected too, so that a refused copy is one key away.
function copyFrom(area) {
  const lines = area.value.trimEnd().split("\n").length;
  area.select();
  copy(area.value, lines === 1 ? area.value : `the ${area.labels[0].textContent.toLowerCase()}, ${lines} lines`);
}

function enhance(root) {
  for (const button of root.querySelectorAll("button.copy")) button.hidden = false;
  for (const close of root.querySelectorAll("tr.opened a.close")) close.hidden = false;
  const opened = openCell();
  for (const link of cells()) link.setAttribute("aria-expanded", link === opened);
}

// The link whose cell is open in the table, if one is.
const openCell = () => document.querySelector("tr.opened article.cell") && cells().find((link) => link.href === location.href);

// Back to the table, and to the link that led away from it.
let returning;
function closeCell() {
  returning = openCell()?.getAttribute("href");
  history.back();
}

const cells = () => [...document.querySelectorAll("table.main a.open")];
const rowOf = (link) => link && link.closest("tr");

function move(rows, columns) {
  const all = cells();
  if (!all.length) return;
  const current = document.activeElement.closest("a.open");
  let next = all[0];
  if (current && columns) {
    next = all[all.indexOf(current) + columns] ?? current;
  } else if (current) {
    const list = [...new Set(all.map(rowOf))];
    const row = list[list.indexOf(rowOf(current)) + rows] ?? rowOf(current);
    const at = all.filter((link) => rowOf(link) === rowOf(current)).indexOf(current);
    const here = all.filter((link) => rowOf(link) === row);
    next = here[Math.min(at, here.length - 1)];
  }
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  "/": () => (document.getElementById("q") ?? document.getElementById("find"))?.focus(),
  "?": () => document.getElementById("keys").showModal(),
  j: () => move(1, 0), ArrowDown: () => move(1, 0),
  k: () => move(-1, 0), ArrowUp: () => move(-1, 0),
  l: () => move(0, 1), ArrowRight: () => move(0, 1),
  h: () => move(0, -1), ArrowLeft: () => move(0, -1),
  y: () => copy((document.activeElement.closest("a.open") ?? document.querySelector("article.cell h2 a") ?? location).href),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  if (event.key === "Escape" && openCell()) closeCell();
  // Arrows scroll the page until a cell has the focus.
  if (event.key.startsWith("Arrow") && !document.activeElement.closest("a.open")) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button?.dataset.from) copyFrom(document.getElementById(button.dataset.from));
  else if (button) copy(button.dataset.copy);
  if (event.target.closest("tr.opened a.close")) { event.preventDefault(); closeCell(); }
});

// A second click on a cell closes it, before htmx asks for it again.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.open");
  if (!link || link !== openCell() || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  closeCell();
}, true);

// One cell after another is one step: back leads to the table.
document.addEventListener("htmx:before:history:update", (event) => {
  const { history, sourceElement } = event.detail;
  if (sourceElement?.matches?.("a.open") && location.pathname.startsWith("/r/")) history.type = "replace";
});

document.addEventListener("htmx:before:swap", (event) => {
  const target = event.detail?.ctx?.target;
  for (const open of document.querySelectorAll("tr.opened > td")) if (open !== target) open.replaceChildren();
});

// What came in is a whole page: what it says of itself goes where a reload would have it.
function describe(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const old of document.head.querySelectorAll("link[rel=alternate]")) old.remove();
  document.head.append(...page.head.querySelectorAll("link[rel=alternate]"));
  const preview = ["title", "description", "url"].map((name) => `meta[property="og:${name}"]`);
  for (const part of ["meta[name=description]", ...preview, "link[rel=canonical]", "aside.pin", "footer.site"]) {
    const found = page.querySelector(part);
    if (found) document.querySelector(part)?.replaceWith(found);
  }
}

// A field that somebody has touched no longer follows its attributes.
function untouch(form) {
  for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = box.defaultChecked;
  for (const option of form.querySelectorAll("option")) option.selected = option.defaultSelected;
}

document.addEventListener("htmx:after:swap", (event) => {
  const ctx = event.detail?.ctx;
  if (ctx?.text) describe(ctx.text);
  const form = document.getElementById("filters");
  if (form && ctx?.sourceElement !== form) untouch(form);
  enhance(document);
  if (returning && !openCell()) {
    cells().find((link) => link.getAttribute("href") === returning)?.focus();
    returning = undefined;
  }
});
for (const name of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(name, (event) => {
    const status = event.detail?.ctx?.response?.raw?.status ?? event.detail?.ctx?.response?.status;
    say(status ? `The server answered ${status}; the page shows what it showed before.` : "The server cannot be reached.");
  });
}
enhance(document);
