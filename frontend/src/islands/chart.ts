// Charts: line, bar and heat. Drawn on canvas; tooltips too, so the strict policy holds.
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import {
  AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent,
} from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { Island } from "../island";
import { colour, type Palette, palette, rootSize } from "../palette";

use([BarChart, HeatmapChart, LineChart, AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent,
  VisualMapComponent, CanvasRenderer]);

interface Series { name: string; data: (number | null)[]; color?: string; area?: boolean; stack?: string; dashed?: boolean }
interface ChartConfig {
  kind: "line" | "bar" | "heat";
  x: string[];
  y?: string[];
  data?: [number, number, number][];
  series?: Series[];
  unit?: string;
  horizontal?: boolean;
  marks?: { value: number; label: string; color?: string }[];
  url?: string;
  topic?: string;
}
const ORDER = ["primary", "accent", "warn", "level-2", "ok", "muted"] as const;

function options(config: ChartConfig, colours: Palette): EChartsCoreOption {
  const size = rootSize() * 0.8125;
  const text = { color: colours.muted, fontFamily: colours.font, fontSize: size };
  const category = (data: string[]): object => ({
    type: "category", data, axisLabel: { ...text, hideOverlap: true }, axisTick: { show: false },
    axisLine: { lineStyle: { color: colours["input-line"] } }, splitArea: { show: false },
  });
  const value = {
    type: "value", name: config.unit ?? "", nameTextStyle: { ...text, align: "left" }, axisLabel: text, scale: config.kind === "line",
    splitLine: { lineStyle: { color: colours.line } },
  };
  const common = {
    animationDuration: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 300,
    textStyle: { fontFamily: colours.font, fontSize: size },
    aria: { enabled: true },
    tooltip: {
      trigger: config.kind === "heat" ? "item" : "axis", renderMode: "richText", backgroundColor: colours.surface,
      borderColor: colours.line, textStyle: { color: colours.text, fontFamily: colours.font, fontSize: size }, confine: true,
    },
  };
  if (config.kind === "heat") {
    const values = (config.data ?? []).map((cell) => cell[2]);
    return {
      ...common,
      grid: { left: 8, right: 8, top: 12, bottom: rootSize() * 3, containLabel: true },
      xAxis: category(config.x), yAxis: category(config.y ?? []),
      visualMap: { min: Math.min(0, ...values), max: Math.max(1, ...values), calculable: false, orient: "horizontal", left: "center",
        bottom: 0, textStyle: text, itemHeight: rootSize() * 8, itemWidth: rootSize() * 0.75, inRange: { color: [colours.sunken, colours.accent, colours.primary] } },
      series: [{ type: "heatmap", data: config.data ?? [], itemStyle: { borderColor: colours.surface, borderWidth: 1 } }],
    };
  }
  const several = (config.series ?? []).length > 1;
  const axes = config.horizontal ? { xAxis: { ...value, scale: false }, yAxis: category(config.x) } : { xAxis: category(config.x), yAxis: value };
  return {
    ...common, ...axes,
    grid: { left: 8, right: rootSize() * 1.5, top: rootSize() * (several ? 3.75 : 2.5), bottom: 8, containLabel: true },
    legend: several ? { show: true, top: 0, right: 0, textStyle: text, icon: "roundRect" } : { show: false },
    series: (config.series ?? []).map((series, n) => {
      const shade = colour(series.color, colours, ORDER[n % ORDER.length]!);
      return {
        type: config.kind, name: series.name, data: series.data, stack: series.stack, itemStyle: { color: shade }, barMaxWidth: 28,
        lineStyle: { width: 2.5, color: shade, type: series.dashed ? "dashed" : "solid" }, symbol: "circle", showSymbol: false, symbolSize: 6,
        ...(series.area ? { areaStyle: { color: shade, opacity: 0.15 } } : {}),
        markLine: n || !config.marks?.length ? undefined : {
          symbol: "none", silent: true,
          data: config.marks.map((mark) => ({
            yAxis: mark.value, lineStyle: { color: colour(mark.color, colours, "bad"), type: "dashed", width: 1.5 },
            label: { formatter: `${mark.label} ${mark.value}`, position: "insideEndTop", color: colour(mark.color, colours, "bad"), fontSize: size, fontFamily: colours.font },
          })),
        },
      };
    }),
  };
}

/** The table that says the same, built from the numbers themselves. */
function figures(config: ChartConfig): HTMLTableElement {
  const table = document.createElement("table");
  table.className = "table";
  const add = (cells: (string | number | null)[], tag: "th" | "td"): void => {
    const row = table.insertRow();
    cells.forEach((cell, n) => {
      const box = document.createElement(n === 0 ? "th" : tag);
      box.textContent = cell === null ? "—" : String(cell);
      row.append(box);
    });
  };
  if (config.kind === "heat") {
    const at = new Map((config.data ?? []).map(([x, y, value]) => [`${x},${y}`, value]));
    add(["", ...config.x], "th");
    (config.y ?? []).forEach((name, y) => add([name, ...config.x.map((_, x) => at.get(`${x},${y}`) ?? null)], "td"));
  } else {
    add([config.unit ?? "", ...(config.series ?? []).map((series) => series.name)], "th");
    config.x.forEach((name, n) => add([name, ...(config.series ?? []).map((series) => series.data[n] ?? null)], "td"));
  }
  return table;
}

export async function mount({ root, stage, config, english }: Island<ChartConfig>): Promise<void> {
  const colours = palette(root);
  const place = document.createElement("div");
  place.className = "island__canvas";
  stage.append(place);
  const chart = init(place, undefined, { renderer: "canvas" });
  const draw = (now: ChartConfig): void => chart.setOption(options(now, colours), { notMerge: true });
  const reload = async (): Promise<void> => {
    const answer = await fetch(config.url!, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (answer.ok) Object.assign(config, await answer.json());
    draw(config);
  };
  if (config.url) await reload();
  else draw(config);
  if (config.topic && config.url) document.addEventListener(`live:${config.topic}`, () => void reload().catch(() => undefined));
  new ResizeObserver(() => chart.resize()).observe(place);
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = english ? "Figures" : "数值表";
  const region = document.createElement("div");
  region.className = "table-region";
  region.tabIndex = 0;
  details.append(summary, region);
  details.addEventListener("toggle", () => { if (details.open) region.replaceChildren(figures(config)); });
  details.className = "island__figures";
  root.append(details);
}
