// The box above the support table: shows the rows that hold every word typed.
document.addEventListener("input", (event) => {
  if (event.target.id !== "filter") return;
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const row of document.querySelectorAll("table tbody tr")) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});
