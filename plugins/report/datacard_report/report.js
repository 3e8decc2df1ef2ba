
"use strict";
for (const cell of document.querySelectorAll("#coverage tbody td")) {
  cell.classList.add(...cell.textContent.split(/[ ,]+/).filter((word) => /^(partial|fallback|clipped)$/.test(word)));
}
for (const part of document.querySelectorAll(".filter")) {
  const field = part.querySelector("input[type=search]");
  const boxes = [...part.querySelectorAll("input[type=checkbox]")];
  const rows = [...part.querySelectorAll("tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const firsts = rows.map((row) => row.cells[0].textContent);
  const output = part.querySelector("output");
  rows.forEach((row, at) => { if (boxes.length) row.className = firsts[at]; });
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hidden = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
    let count = 0;
    rows.forEach((row, at) => {
      row.hidden = hidden.has(firsts[at]) || !words.every((word) => texts[at].includes(word));
      count += !row.hidden;
    });
    output.textContent = count + " of " + rows.length + " shown";
  };
  part.addEventListener("input", apply);
  apply();
}
