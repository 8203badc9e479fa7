// Counts down to a moment: {until: ISO time, done?: text}. Speaks the language of the page.
import type { Island } from "../island";

interface Config { until: string; done?: string; label?: string }

export function mount({ stage, config, english }: Island<Config>): void {
  const end = Date.parse(config.until);
  stage.setAttribute("role", "timer");
  stage.classList.remove("island__stage");
  let timer = 0;
  const tick = (): void => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    const [days, hours, minutes, seconds] = [left / 86400, (left / 3600) % 24, (left / 60) % 60, left % 60].map(Math.floor);
    const clock = [hours, minutes, seconds].map((part) => String(part).padStart(2, "0")).join(":");
    if (left === 0) {
      stage.textContent = config.done ?? (english ? "Time is up" : "时间到");
      window.clearInterval(timer);
      return;
    }
    stage.textContent = days ? (english ? `${days} d ${clock}` : `${days}天 ${clock}`) : clock;
  };
  timer = window.setInterval(tick, 1000);
  tick();
}
