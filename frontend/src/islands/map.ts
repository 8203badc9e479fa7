// The one map: our own outlines and names below, layers of points, lines and areas above.
import {
  type ExpressionSpecification, FullscreenControl, type GeoJSONSource, Map as MapLibre,
  type MapGeoJSONFeature, NavigationControl, Popup, ScaleControl, setWorkerUrl,
} from "maplibre-gl";
import type { Feature, FeatureCollection } from "geojson";
import type { Island } from "../island";
import { colour, type Palette, palette, rootSize } from "../palette";
import { legend } from "./legend";

export interface LayerConfig {
  id: string;
  label: string;
  kind: "circle" | "fill" | "line";
  url?: string;
  data?: FeatureCollection;
  topic?: string;
  color?: string;
  opacity?: number;
  radius?: number;
  width?: number;
  title?: string;
  fields?: { key: string; label: string }[];
  href?: string;
  visible?: boolean;
}
export interface MapConfig {
  base?: boolean;
  base_url?: string;
  center?: [number, number];
  zoom?: number;
  bounds?: [number, number, number, number];
  layers?: LayerConfig[];
}
const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

function paintColour(layer: LayerConfig, colours: Palette): string | ExpressionSpecification {
  if (layer.color !== "level") return colour(layer.color, colours);
  return ["match", ["to-number", ["get", "level"]], 1, colours["level-1"], 2, colours["level-2"], 3, colours["level-3"],
    4, colours["level-4"], colours.muted] as ExpressionSpecification;
}

async function base(map: MapLibre, url: string, english: boolean, colours: Palette): Promise<void> {
  const outlines = await load(url);
  const labels: Feature[] = outlines.features.filter((f) => Array.isArray(f.properties?.["label"])).map((f) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates: f.properties!["label"] as number[] },
    properties: { name: f.properties![english ? "en" : "zh"] },
  }));
  map.addSource("base", { type: "geojson", data: outlines });
  map.addSource("base-labels", { type: "geojson", data: { type: "FeatureCollection", features: labels } });
  map.addLayer({ id: "base-area", type: "fill", source: "base", paint: { "fill-color": colours.surface } });
  map.addLayer({ id: "base-line", type: "line", source: "base", paint: { "line-color": colours["input-line"], "line-width": 1.2 } });
  map.addLayer({
    id: "base-label", type: "symbol", source: "base-labels",
    layout: { "text-field": ["get", "name"], "text-font": fonts(colours), "text-size": rootSize() * 0.875, "text-padding": 6 },
    paint: { "text-color": colours.muted, "text-halo-color": colours.surface, "text-halo-width": 1.5 },
  });
}

/** Without a glyph server MapLibre draws text with the browser's fonts. */
function fonts(colours: Palette): string[] {
  return colours.font.split(",").map((name) => name.trim().replace(/^["']|["']$/g, "")).filter((name) => !name.startsWith("-"));
}

async function load(url: string): Promise<FeatureCollection> {
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return (await answer.json()) as FeatureCollection;
}

function addLayer(map: MapLibre, layer: LayerConfig, colours: Palette, dark: boolean): void {
  map.addSource(layer.id, { type: "geojson", data: layer.data ?? EMPTY });
  const shade = paintColour(layer, colours);
  const shown = { visibility: layer.visible === false ? "none" : "visible" } as const;
  if (layer.kind === "fill") {
    map.addLayer({ id: layer.id, type: "fill", source: layer.id, layout: shown,
      paint: { "fill-color": shade, "fill-opacity": layer.opacity ?? 0.45, "fill-outline-color": colours.text } });
  } else if (layer.kind === "line") {
    map.addLayer({ id: layer.id, type: "line", source: layer.id, layout: { ...shown, "line-cap": "round", "line-join": "round" },
      paint: { "line-color": shade, "line-width": layer.width ?? 3, "line-opacity": layer.opacity ?? 0.9 } });
  } else {
    map.addLayer({ id: layer.id, type: "circle", source: layer.id, layout: shown,
      paint: { "circle-color": shade, "circle-radius": layer.radius ?? 7, "circle-opacity": layer.opacity ?? 0.95,
        "circle-stroke-width": 2, "circle-stroke-color": dark ? "#06121f" : "#ffffff" } });
  }
}

function popupOf(layer: LayerConfig, feature: MapGeoJSONFeature, english: boolean): HTMLElement {
  const box = document.createElement("div");
  const head = document.createElement("h3");
  head.textContent = String(feature.properties[layer.title ?? "name"] ?? layer.label);
  const facts = document.createElement("dl");
  for (const field of layer.fields ?? []) {
    const value = feature.properties[field.key];
    if (value === undefined || value === null) continue;
    const term = document.createElement("dt");
    const said = document.createElement("dd");
    term.textContent = field.label;
    said.textContent = String(value);
    facts.append(term, said);
  }
  box.append(head, facts);
  const address = layer.href ? String(feature.properties[layer.href] ?? "") : "";
  if (address.startsWith("/") || address.startsWith("#")) {
    const link = document.createElement("a");
    link.href = address;
    link.textContent = english ? "Details" : "查看详情";
    box.append(link);
  }
  return box;
}

function interact(map: MapLibre, layers: LayerConfig[], english: boolean): void {
  const ids = layers.map((layer) => layer.id);
  map.on("click", (event) => {
    const feature = map.queryRenderedFeatures(event.point, { layers: ids })[0];
    const layer = layers.find((candidate) => candidate.id === feature?.layer.id);
    if (!feature || !layer) return;
    new Popup({ maxWidth: "20rem" }).setLngLat(event.lngLat).setDOMContent(popupOf(layer, feature, english)).addTo(map);
  });
  for (const id of ids) {
    map.on("mouseenter", id, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", id, () => { map.getCanvas().style.cursor = ""; });
  }
}

async function refresh(map: MapLibre, layer: LayerConfig): Promise<void> {
  if (!layer.url) return;
  const data = await load(layer.url);
  (map.getSource(layer.id) as GeoJSONSource | undefined)?.setData(data);
}

function follow(map: MapLibre, layer: LayerConfig): void {
  if (!layer.topic || !layer.url) return;
  let waiting = 0;
  document.addEventListener(`live:${layer.topic}`, () => {
    if (waiting) return; // at most one refresh in two seconds
    waiting = window.setTimeout(() => { waiting = 0; void refresh(map, layer).catch(() => undefined); }, 2000);
  });
}

function styles(root: HTMLElement): Promise<void> {
  const href = root.dataset["styles"];
  if (!href || document.querySelector(`link[href="${CSS.escape(href)}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
}

const ZH = {
  "NavigationControl.ZoomIn": "放大", "NavigationControl.ZoomOut": "缩小", "NavigationControl.ResetBearing": "指北",
  "FullscreenControl.Enter": "全屏", "FullscreenControl.Exit": "退出全屏", "Map.Title": "地图", "Popup.Close": "关闭",
  "ScaleControl.Meters": "米", "ScaleControl.Kilometers": "公里",
};

export async function mount(island: Island<MapConfig>): Promise<void> {
  const { root, stage, config, english, dark } = island;
  const worker = root.dataset["worker"];
  if (worker) setWorkerUrl(new URL(worker, location.href).href);
  await styles(root);
  const colours = palette(root);
  const layers = config.layers ?? [];
  const view = config.bounds ? { bounds: config.bounds, fitBoundsOptions: { padding: 24 } }
    : { center: config.center ?? ([117.0, 36.65] as [number, number]), zoom: config.zoom ?? 9 };
  const map = new MapLibre({
    container: stage, ...view, attributionControl: false, dragRotate: false, pitchWithRotate: false,
    cooperativeGestures: window.matchMedia("(pointer: coarse)").matches, ...(english ? {} : { locale: ZH }),
    style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": colours.sunken } }] },
  });
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new FullscreenControl(), "top-right");
  map.addControl(new ScaleControl({}), "top-left");
  await new Promise<void>((resolve) => map.once("load", () => resolve()));
  if (config.base !== false) await base(map, config.base_url ?? "/basemap.geojson", english, colours);
  for (const layer of layers) {
    addLayer(map, layer, colours, dark);
    void refresh(map, layer).catch((error: unknown) => console.warn("layer", layer.id, error));
    follow(map, layer);
  }
  if (map.getLayer("base-label")) map.moveLayer("base-label");
  interact(map, layers, english);
  legend(stage, layers, colours, english, (id, shown) => map.setLayoutProperty(id, "visibility", shown ? "visible" : "none"));
  root.dispatchEvent(new CustomEvent("map:ready", { detail: map, bubbles: true }));
  await new Promise<void>((resolve) => map.once("idle", () => resolve()));
}
