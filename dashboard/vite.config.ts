import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type ProxyOptions } from "vite";
import { compression, defineAlgorithm } from "vite-plugin-compression2";

/** Where the Task Service listens, for `npm run dev`. */
const server = process.env.TASK_SERVER ?? "http://127.0.0.1:8080";

const proxy: ProxyOptions = {
  target: server,
  changeOrigin: true,
  // A server that is away is UNAVAILABLE to the dashboard, as it is where no proxy stands between.
  configure(proxy) {
    proxy.on("error", (_error, _request, response) => {
      if ("writeHead" in response && !response.headersSent) response.writeHead(503).end();
      else response.destroy();
    });
  },
};

export default defineConfig({
  plugins: [
    tanstackRouter({ target: "react", autoCodeSplitting: true, generatedRouteTree: "src/routes.gen.ts" }),
    react(),
    tailwindcss(),
    // The server picks the .br or .gz beside a file by what the browser accepts.
    compression({
      algorithms: [defineAlgorithm("gzip", { level: 9 }), defineAlgorithm("brotliCompress")],
      threshold: 1024,
      include: /\.(js|css|html|svg|json)$/,
    }),
  ],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    port: 3000,
    strictPort: true,
    proxy: { "/task.v1.TaskService": proxy, "/healthz": proxy, "/readyz": proxy },
  },
  // No asset becomes a data: URL, which the content security policy would refuse.
  build: { assetsInlineLimit: 0, target: "es2022", modulePreload: { polyfill: false } },
});
