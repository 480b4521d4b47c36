// Picking or dropping a file fills the text area, so that what is checked is what is seen. What was
// sent comes back into an empty form, also where the server would not even read it (429).
"use strict";

const area = document.getElementById("text");
const picker = document.getElementById("file");
const KEPT = "vapic-upload";

async function fill(file) {
  if (!file) return;
  area.value = await file.text();
  picker.value = "";
  area.focus();
}

function keep(text) {
  try { sessionStorage.setItem(KEPT, text); } catch { /* too long, or not allowed */ }
}

if (area && picker) {
  area.value ||= sessionStorage.getItem(KEPT) ?? "";
  area.form.addEventListener("submit", () => keep(area.value));
  picker.addEventListener("change", () => fill(picker.files[0]));
  for (const name of ["dragover", "dragenter"]) {
    area.addEventListener(name, (event) => { event.preventDefault(); area.classList.add("over"); });
  }
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    fill(event.dataTransfer.files[0]);
  });
} else {
  // The receipt: what was sent has arrived.
  keep("");
}
