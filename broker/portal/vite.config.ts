// Builds the portal: `vite build --config broker/portal/vite.config.ts`. What a page needs at once and what a terminal needs are separate chunks.
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: "public",
  plugins: [react()],
  build: {
    target: "es2024",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    reportCompressedSize: false,
    rolldownOptions: {
      // The service worker has a name of its own, because its place decides which pages it is for; it shares no chunk with them.
      input: {
        portal: join(import.meta.dirname, "index.html"),
        sw: join(import.meta.dirname, "service-worker/service-worker.ts"),
      },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
    license: { fileName: "licences.json" },
  },
});
