"use strict";
// The run: curves of the chosen training; stages lead to what they make.

(function () {
  const select = $("#training");

  function show() {
    $("#curves").replaceChildren(...Object.entries(facts.curves[select.value]).map(([name, y], k) => {
      const title = name.replaceAll("_", " "), x = y.map((_, i) => i + 1);
      return lineChart([{ label: title, x, y, colour: "var(--accent)" }], { title, x: "epoch" }, { height: 170 });
    }));
  }

  /** Opens the entry of the stage that the address names. */
  function openStage() {
    const entry = location.hash.startsWith("#stage-") && document.getElementById(location.hash.slice(1));
    if (entry) entry.open = true;
  }

  const graph = $("#graph");
  graph.scrollLeft = (graph.scrollWidth - graph.clientWidth) / 2;
  select.onchange = show;
  window.addEventListener("hashchange", openStage);
  show();
  openStage();
  document.documentElement.dataset.ready = Math.round(performance.now());
})();
