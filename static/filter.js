// The filter of a copy on a disk, where no server answers: it hides rows of the table.
"use strict";

const here = document.getElementById("filter-here");
if (here && !document.getElementById("filters")) {
  const bar = here.content.firstElementChild;
  here.replaceWith(bar);
  const rows = [...document.querySelectorAll("table.glance tbody tr[id]")];
  const [text, only, said] = ["input", "select", "[role=status]"].map((one) => bar.querySelector(one));
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const told = row.textContent.toLowerCase();
      const fits = !only.value || row.querySelector(only.value);
      row.hidden = !fits || !words.every((word) => told.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    said.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows`;
  };
  bar.addEventListener("input", filter);
  // A browser may have kept what was typed.
  filter();
}
