"use strict";
// Draws every figure of the page in the colours that the style sheet has at the moment: `var(--name)` stands for them.
(() => {
  const root = document.documentElement;
  const config = { displayModeBar: false, responsive: true };

  const paint = (value, style, key = "") => {
    if (Array.isArray(value)) return value.map((item) => paint(item, style, key));
    if (value !== null && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, paint(item, style, name)]));
    if (typeof value !== "string" || !key.endsWith("color")) return value;
    return value.replace(/^var\((--[a-z0-9-]+)\)$/, (_, name) => style.getPropertyValue(name).trim());
  };

  const drawAll = (size = {}) => {
    const style = getComputedStyle(root);
    for (const place of document.querySelectorAll("[data-figure]")) {
      const spec = JSON.parse(document.getElementById(place.dataset.figure).textContent);
      Plotly.react(place, paint(spec.data, style), { ...paint(spec.layout, style), ...size }, config);
    }
  };

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  // Paper is white and narrower than most screens, and the browser lays it out without asking scripts again.
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    drawAll({ width: 660 });
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    drawAll();
  });
  drawAll();
})();
