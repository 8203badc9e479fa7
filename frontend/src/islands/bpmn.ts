// The diagram editor of a matter's process: bpmn-js with a panel for the qc: attributes of this platform.
// Styles go in as a constructed sheet and the font from memory, so the strict content policy holds.
import BpmnModeler from "bpmn-js/lib/Modeler";
import bpmnFont from "bpmn-js/dist/assets/bpmn-font/font/bpmn.woff2";
import fontCss from "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import bpmnCss from "bpmn-js/dist/assets/bpmn-js.css";
import diagramCss from "bpmn-js/dist/assets/diagram-js.css";
import type { Island } from "../island";

interface Config {
  xml: string;
  field: string;
  statuses: [string, string, string][];
  sides: string[];
  services: string[];
  decisions: string[];
  editable: boolean;
}
interface Element { id: string; type: string; businessObject: Record<string, unknown> & { $type: string; name?: string; get(name: string): unknown } }
type Choice = [value: string, zh: string, en: string];

const NAMES = ["en", "side", "status", "department", "level", "days", "service", "decision", "result", "outcomes"] as const;
const MODDLE = {
  name: "Quancheng", prefix: "qc", uri: "urn:quancheng:bpmn:1", xml: { tagAlias: "lowerCase" }, associations: [],
  types: [
    { name: "Attributes", isAbstract: true, extends: ["bpmn:BaseElement"],
      properties: [...NAMES, "workingDays", "rule", "variable"].map((name) => ({ name, isAttr: true, type: "String" })) },
  ],
};
const SIDES: Record<string, [string, string]> = {
  office: ["审批单位", "Deciding office"], applicant: ["申请人", "Applicant"], review: ["会办单位", "Consulted office"],
  visit: ["现场核查", "Site visit"], appeal: ["复核", "Appeal"],
};
const OWN = `
.bpmn-stage { display: grid; grid-template-columns: minmax(0, 1fr) 18rem; gap: 0.75rem; min-height: 36rem; }
.bpmn-canvas { border: 1px solid var(--line); background: #fff; min-height: 36rem; position: relative; }
.bpmn-canvas .djs-palette { max-height: 100%; overflow: auto; }
.bpmn-panel { border: 1px solid var(--line); padding: 0.75rem; overflow: auto; }
.bpmn-panel label { display: block; margin-top: 0.5rem; font-size: 0.875rem; }
.bpmn-panel input, .bpmn-panel select { width: 100%; }
@media (max-width: 60rem) { .bpmn-stage { grid-template-columns: minmax(0, 1fr); } }
`;

async function dress(): Promise<void> {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync([diagramCss, bpmnCss, fontCss.replace(/@font-face\s*{[^}]*}/g, ""), OWN].join("\n").replace(/@import[^;]*;/g, ""));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const bytes = new Uint8Array(bpmnFont);
  document.fonts.add(await new FontFace("bpmn", bytes.buffer).load());
}

export async function mount(island: Island<Config>): Promise<void> {
  const { config, stage, english } = island;
  const say = (zh: string, en: string): string => (english ? en : zh);
  await dress();
  const frame = document.createElement("div");
  frame.className = "bpmn-stage";
  const canvas = document.createElement("div");
  canvas.className = "bpmn-canvas";
  const panel = document.createElement("div");
  panel.className = "bpmn-panel";
  panel.setAttribute("aria-live", "polite");
  frame.append(canvas, panel);
  stage.replaceChildren(frame);

  const modeler = new BpmnModeler({ container: canvas, moddleExtensions: { qc: MODDLE } });
  const holder = document.getElementById(config.field) as HTMLTextAreaElement | null;
  const keep = async (): Promise<void> => {
    const { xml } = await modeler.saveXML({ format: true });
    if (holder && xml) holder.value = xml;
  };
  await modeler.importXML(config.xml);
  modeler.get<{ zoom(to: string): void }>("canvas").zoom("fit-viewport");
  const modeling = modeler.get<{ updateProperties(of: Element, values: Record<string, unknown>): void }>("modeling");

  function line(element: Element, key: string, label: string, choices?: Choice[]): void {
    const name = key === "name" ? "name" : `qc:${key}`;
    const said = document.createElement("label");
    said.textContent = label;
    const input = document.createElement(choices ? "select" : "input");
    input.id = `bpmn-${key}`;
    said.htmlFor = input.id;
    if (choices) {
      for (const [value, zh, en] of [["", "—", "—"] as Choice, ...choices]) {
        const option = document.createElement("option");
        option.value = value;
        option.textContent = say(zh, en);
        input.append(option);
      }
    }
    input.value = String(element.businessObject.get(name) ?? "");
    input.disabled = !config.editable;
    input.addEventListener("change", () => {
      modeling.updateProperties(element, { [name]: input.value || undefined });
    });
    panel.append(said, input);
  }

  function condition(element: Element): void {
    const said = document.createElement("label");
    said.textContent = say("条件（FEEL）", "Condition (FEEL)");
    const input = document.createElement("input");
    input.id = "bpmn-condition";
    said.htmlFor = input.id;
    const now = element.businessObject["conditionExpression"] as { body?: string } | undefined;
    input.value = now?.body ?? "";
    input.disabled = !config.editable;
    input.addEventListener("change", () => {
      const made = modeler.get<{ create(type: string, values: object): unknown }>("moddle");
      const value = input.value.trim() ? made.create("bpmn:FormalExpression", { body: input.value.trim() }) : undefined;
      modeling.updateProperties(element, { conditionExpression: value });
    });
    panel.append(said, input);
  }

  function show(element: Element | undefined): void {
    const title = document.createElement("h3");
    panel.replaceChildren(title);
    if (!element || element.type === "label" || !element.businessObject) {
      title.textContent = say("选择一个步骤", "Choose a step");
      return;
    }
    const type = element.businessObject.$type.replace("bpmn:", "");
    title.textContent = `${element.businessObject.name ?? element.id} · ${type}`;
    line(element, "name", say("中文名称", "Chinese name"));
    if (type === "SequenceFlow") { condition(element); return; }
    line(element, "en", say("英文名称", "English name"));
    line(element, "status", say("办件状态", "State of the case"), config.statuses);
    if (type === "UserTask") {
      line(element, "side", say("由谁办理", "Whose task"), config.sides.map((one) => [one, SIDES[one]?.[0] ?? one, SIDES[one]?.[1] ?? one]));
      line(element, "department", say("会办部门代码", "Department code"));
      line(element, "level", say("部门层级", "Level"), [["city", "市级", "City"], ["district", "区县级", "District"]]);
      line(element, "days", say("办理时限参数", "Parameter of days"));
      line(element, "outcomes", say("可选的结果", "Outcomes"));
    }
    if (type === "ServiceTask") line(element, "service", say("系统服务", "Service"), config.services.map((one) => [one, one, one]));
    if (type === "BusinessRuleTask") {
      line(element, "decision", say("决策表", "Decision table"), config.decisions.map((one) => [one, one, one]));
      line(element, "result", say("结果变量", "Result variable"));
    }
  }

  modeler.on("selection.changed", (event: unknown) => show((event as { newSelection: Element[] }).newSelection[0]));
  modeler.on("commandStack.changed", () => void keep());
  show(undefined);
  holder?.form?.addEventListener("submit", (event) => {
    const form = holder.form;
    if (!form || form.dataset["kept"] === "yes") return;
    event.preventDefault();
    void keep().then(() => { form.dataset["kept"] = "yes"; form.requestSubmit(); });
  });
}
