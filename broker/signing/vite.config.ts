// Builds the signing page: three files of fixed names, the page naming the hashes of the other two, and SHA256SUMS of all. The same sources give
// the same bytes, so that anybody can check what a host of this page serves.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const files = ["index.html", "signing.css", "signing.js"];

// After everything is written: the browser refuses a script or style whose hash is not the one in the page.
const integrity: Plugin = {
  name: "integrity",
  async writeBundle({ dir = "" }) {
    const read = (name: string): Promise<Buffer> => readFile(join(dir, name));
    const hash = async (name: string): Promise<string> =>
      `sha384-${createHash("sha384")
        .update(await read(name))
        .digest("base64")}`;
    const page = (await read("index.html"))
      .toString()
      .replace('src="./signing.js"', `src="./signing.js" integrity="${await hash("signing.js")}"`)
      .replace(
        'href="./signing.css"',
        `href="./signing.css" integrity="${await hash("signing.css")}"`,
      );
    if (page.split("integrity=").length !== 3) throw new Error("page does not name its files");
    await writeFile(join(dir, "index.html"), page);
    const lines: string[] = [];
    for (const name of files) {
      lines.push(
        `${createHash("sha256")
          .update(await read(name))
          .digest("hex")}  ${name}\n`,
      );
    }
    await writeFile(join(dir, "SHA256SUMS"), lines.join(""));
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  publicDir: false,
  plugins: [integrity],
  build: {
    target: "es2024",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        entryFileNames: "signing.js",
        assetFileNames: "signing[extname]",
        codeSplitting: false,
      },
    },
  },
});
