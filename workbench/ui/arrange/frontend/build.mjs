// `npm run build`: makes ../editor.min.js. Its first line holds a hash of what it was made of, which a test compares.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const hash = createHash("sha256");
for (const name of ["editor.css", "editor.js", "package.json"]) hash.update(readFileSync(name));

await build({
  entryPoints: ["editor.js"],
  outfile: "../editor.min.js",
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  loader: { ".css": "text" },
  legalComments: "none",
  banner: {
    js: `/*! frontend/editor.js (${hash.digest("hex")}) with gridstack 14.1.0 (MIT, see gridstack.LICENSE) */`,
  },
});
