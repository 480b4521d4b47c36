// Picking or dropping a file fills the text area, so that what is checked is what is seen.
"use strict";

const area = document.getElementById("text");
const picker = document.getElementById("file");

async function fill(file) {
  if (!file) return;
  area.value = await file.text();
  picker.value = "";
  area.focus();
}

if (area && picker) {
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
}
