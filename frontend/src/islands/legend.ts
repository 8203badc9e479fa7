// The legend of a map: what the colours mean, and a switch for each layer.
import { colour, type Palette, type Token } from "../palette";
import type { LayerConfig } from "./map";

const NAMESPACE = "http://www.w3.org/2000/svg";

function swatch(shade: string, kind: string): SVGElement {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "island__swatch");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(NAMESPACE, kind === "circle" ? "circle" : "rect");
  const places: Record<string, string> = kind === "circle" ? { cx: "8", cy: "8", r: "7" }
    : kind === "line" ? { x: "0", y: "6", width: "16", height: "4" } : { x: "1", y: "1", width: "14", height: "14" };
  for (const [name, value] of Object.entries({ ...places, fill: shade })) shape.setAttribute(name, value);
  svg.append(shape);
  return svg;
}

function row(shade: string, kind: string, text: string): HTMLLIElement {
  const item = document.createElement("li");
  item.append(swatch(shade, kind), text);
  return item;
}

/** What the colours of one layer mean; empty for a layer of one colour, whose own row says it. */
function meanings(layer: LayerConfig, colours: Palette, english: boolean): HTMLUListElement | null {
  if (layer.color !== "level") return null;
  const words = english ? ["Ⅰ red", "Ⅱ orange", "Ⅲ yellow", "Ⅳ blue", "No alarm"]
    : ["Ⅰ级 红色", "Ⅱ级 橙色", "Ⅲ级 黄色", "Ⅳ级 蓝色", "无告警"];
  const list = document.createElement("ul");
  words.forEach((word, n) => list.append(row(n < 4 ? colours[`level-${n + 1}` as Token] : colours.muted, layer.kind, word)));
  return list;
}

export function legend(
  stage: HTMLElement, layers: LayerConfig[], colours: Palette, english: boolean, toggle: (id: string, shown: boolean) => void,
): void {
  if (!layers.length) return;
  const box = document.createElement("div");
  box.className = "island__legend";
  const list = document.createElement("ul");
  for (const layer of layers) {
    const inner = meanings(layer, colours, english);
    const shade = inner ? [] : [swatch(colour(layer.color, colours), layer.kind)];
    const item = document.createElement("li");
    if (layers.length === 1) {
      item.append(...shade, layer.label);
    } else {
      const label = document.createElement("label");
      const box_ = document.createElement("input");
      box_.type = "checkbox";
      box_.checked = layer.visible !== false;
      box_.addEventListener("change", () => {
        toggle(layer.id, box_.checked);
        if (inner) inner.hidden = !box_.checked;
      });
      label.append(box_, ...shade, layer.label);
      item.append(label);
      if (inner) inner.hidden = !box_.checked;
    }
    list.append(item);
    if (inner) {
      const nested = document.createElement("li");
      nested.append(inner);
      list.append(nested);
    }
  }
  box.append(list);
  stage.append(box);
}
