"use strict";
// Unpacks plotly's script, which stands gzipped in the page, and draws every figure that stands in it as JSON.
// Colours in the figures name the page's variables, so the charts follow the colour scheme and are redrawn when it changes.
const colour = (text) => {
  const [name, opacity] = text.split("/");
  const found = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return opacity ? found + Math.round(255 * opacity).toString(16).padStart(2, "0") : found;
};
const coloured = (value, isColour = false) => {
  if (typeof value === "string") return isColour && value.startsWith("--") ? colour(value) : value;
  if (Array.isArray(value)) return value.map((entry) => coloured(entry, isColour));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, coloured(entry, /color$/.test(key))]));
};
// On a narrow screen dates need fewer ticks, long names need smaller letters, and a finger on a chart scrolls the page.
const fitted = (layout, width) => (width > 560 ? layout : {
  ...layout,
  dragmode: false,
  font: { ...layout.font, size: 11 },
  legend: { ...layout.legend, font: { size: 11 } },
  xaxis: { ...layout.xaxis, nticks: 4 },
});
const draw = async (source) => {
  const figure = coloured(JSON.parse(source.textContent));
  const target = document.getElementById(source.dataset.figure);
  const bar = figure.layout.xaxis.type === "date" && target.clientWidth > 560 ? "hover" : false;
  // The buttons are named, since newer scripts bring some that send the chart elsewhere; without a server nothing can be sent.
  const buttons = [["toImage", "zoom2d", "pan2d", "resetScale2d"]];
  const options = { responsive: true, displaylogo: false, displayModeBar: bar, modeBarButtons: buttons, plotlyServerURL: "" };
  await Plotly.react(target, figure.data, fitted(figure.layout, target.clientWidth), options);
};
(async () => {
  const packed = document.getElementById("plotly-gzip").textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  const sources = [...document.querySelectorAll("script[data-figure]")];
  const drawAll = () => Promise.all(sources.map(draw));
  await drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  document.documentElement.dataset.drawn = "yes";
})().catch((error) => {
  for (const target of document.querySelectorAll(".chart")) target.textContent = "This browser could not draw the chart: " + error;
});
