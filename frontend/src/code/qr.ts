// Draws a code as SVG: dark modules on white whatever the theme, four modules of quiet zone (ISO/IEC 18004 section 6.3.8).
import qrcode from "qrcode-generator";

const QUIET = 4;
const SVG = "http://www.w3.org/2000/svg";

/** QR level M in alphanumeric mode; ``text`` has only letters of base45. */
export function drawQr(text: string, label: string): SVGSVGElement {
  const code = qrcode(0, "M");
  code.addData(text, "Alphanumeric");
  code.make();
  const size = code.getModuleCount();
  const whole = size + 2 * QUIET;
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${whole} ${whole}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges", "data-version": String((size - 17) / 4) })) svg.setAttribute(name, value);
  svg.append(shape("rect", { width: String(whole), height: String(whole), fill: "#fff" }), shape("path", { d: path(code, size), fill: "#000" }));
  return svg;
}

function path(code: { isDark(row: number, column: number): boolean }, size: number): string {
  let drawn = "";
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      if (!code.isDark(row, column)) continue;
      const start = column;
      while (column + 1 < size && code.isDark(row, column + 1)) column += 1;
      drawn += `M${start + QUIET} ${row + QUIET}h${column - start + 1}v1h-${column - start + 1}z`;
    }
  }
  return drawn;
}

function shape(name: string, attributes: Record<string, string>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A ring that empties: ``set`` takes the part that is left, 0 to 1. Redrawn once a second, so nothing moves or flashes. */
export class Ring {
  readonly element: SVGSVGElement;
  private arc: SVGElement;
  constructor() {
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("viewBox", "0 0 36 36");
    this.element.setAttribute("aria-hidden", "true");
    this.element.setAttribute("class", "code__ring");
    const circle = { cx: "18", cy: "18", r: "15.9155", fill: "none", "stroke-width": "4", pathLength: "100" };
    this.arc = shape("circle", { ...circle, class: "code__arc", transform: "rotate(-90 18 18)" });
    this.element.append(shape("circle", { ...circle, class: "code__track" }), this.arc);
  }
  set(left: number): void {
    this.arc.setAttribute("stroke-dasharray", `${Math.max(0, Math.min(1, left)) * 100} 100`);
  }
}
