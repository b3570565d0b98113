"use strict";
// Unpacks plotly's script, which stands gzipped in the page, and draws every figure that stands in it as JSON.
(async () => {
  const packed = document.getElementById("plotly-gzip").textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  for (const source of document.querySelectorAll("script[data-figure]")) {
    const figure = JSON.parse(source.textContent);
    const target = document.getElementById(source.dataset.figure);
    const bar = target.id === "fan";
    // The buttons are named, since newer scripts bring some that send the chart elsewhere; without a server nothing can be sent.
    const buttons = [["toImage", "zoom2d", "pan2d", "resetScale2d"]];
    const options = { responsive: true, displaylogo: false, displayModeBar: bar, modeBarButtons: buttons, plotlyServerURL: "" };
    await Plotly.newPlot(target, figure.data, figure.layout, options);
  }
  const fan = document.getElementById("fan");
  const box = document.getElementById("show-naive");
  if (fan && box) {
    const naive = fan.data.flatMap((trace, index) => (trace.meta === "naive" ? [index] : []));
    const show = () => Plotly.restyle(fan, { visible: box.checked }, naive);
    box.addEventListener("change", show);
    if (box.checked) show();
  }
  document.documentElement.dataset.drawn = "yes";
})().catch((error) => {
  for (const target of document.querySelectorAll(".chart")) target.textContent = "This browser could not draw the chart: " + error;
});
