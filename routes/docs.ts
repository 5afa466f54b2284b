import type { Hono } from "hono";
import { html } from "hono/html";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Api } from "./api.ts";
import { asyncApi, openApi } from "./openapi.ts";

/** Swagger UI's own files, served from its package: the reference loads nothing from elsewhere. */
const viewer = {
  "swagger-ui.css": "text/css",
  "swagger-ui-bundle.js": "text/javascript",
} as const;

const start = `SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
});`;

/** Trusted Types are not for Swagger UI, which sets markup from its Markdown. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The reference as documents, and `/docs` to read it in a browser. Added after all calls. */
export function docsRoutes(api: Api, publicUrl: string): void {
  const { app } = api;
  const openApiJson = JSON.stringify(openApi(api.specs, publicUrl));
  const asyncApiJson = JSON.stringify(asyncApi(publicUrl));
  const json = { "content-type": "application/json" };
  app.get("/api/openapi.json", (c) => c.body(openApiJson, 200, json));
  app.get("/api/asyncapi.json", (c) => c.body(asyncApiJson, 200, json));
  viewerRoutes(app);
}

function viewerRoutes(app: Hono): void {
  const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  for (const [name, type] of Object.entries(viewer)) {
    let zipped: Uint8Array<ArrayBuffer> | undefined;
    app.get(`/docs/${name}`, async (c) => {
      zipped ??= new Uint8Array(gzipSync(await readFile(join(folder, name))));
      // Every browser takes gzip; who does not is no reader of this page.
      c.header("content-encoding", "gzip");
      c.header("content-type", type);
      c.header("cache-control", "public, max-age=3600");
      return c.body(zipped);
    });
  }
  app.get("/docs/start.js", (c) => c.body(start, 200, { "content-type": "text/javascript" }));
  app.get("/docs", (c) => {
    c.header("content-security-policy", policy);
    return c.html(html`
      <!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>Parley API</title>
          <link rel="icon" href="/favicon.svg" type="image/svg+xml">
          <link rel="stylesheet" href="/docs/swagger-ui.css">
        </head>
        <body>
          <div id="reference"></div>
          <script src="/docs/swagger-ui-bundle.js"></script>
          <script src="/docs/start.js" defer></script>
        </body>
      </html>
    `);
  });
}
