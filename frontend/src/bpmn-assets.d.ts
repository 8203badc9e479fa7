// Styles as text and the font as bytes; see the loaders in build.mjs.
declare module "*.css" { const text: string; export default text; }
declare module "*.woff2" { const bytes: Uint8Array; export default bytes; }
