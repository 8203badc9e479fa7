// The few functions of Node the file store uses; types of all of Node are not wanted in scripts for browsers.
declare module "node:fs" {
  export function mkdirSync(path: string, options: { recursive: true }): void;
  export function existsSync(path: string): boolean;
  export function readFileSync(path: string, encoding: "utf8"): string;
  export function openSync(path: string, flags: string): number;
  export function writeSync(file: number, text: string): number;
  export function fsyncSync(file: number): void;
  export function closeSync(file: number): void;
  export function ftruncateSync(file: number, length: number): void;
  export function renameSync(from: string, to: string): void;
}
