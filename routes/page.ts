import type { Context, Hono } from "hono";
import { html, raw } from "hono/html";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

/** What the page is told with its HTML; see frontend/config.ts. */
export interface PageConfig {
  localAccounts: boolean;
  tabs: { value: string; label: string }[];
  /** Only in development. */
  demoMembers: { username: string; displayName: string }[] | null;
  demoPassword: string | null;
  parentOrigins: string[];
  heartbeatSeconds: number;
  /** Whether mail leaves this installation at all. */
  emailAvailable: boolean;
  /** Whether mails may quote what was written, whatever a member chooses. */
  emailContentAllowed: boolean;
  /** What browsers subscribe to pushes with; null: there is no web push. */
  vapidPublicKey: string | null;
}

export interface PageOptions {
  /** Where the build is; see utils/build.ts. */
  folder: string;
  config: PageConfig;
  /** Builds change under way: nothing is kept in memory. */
  dev: boolean;
}

/** Where a build put the page's script and styles; see utils/build.ts. */
interface Manifest {
  js: string;
  css: string;
  preload: string[];
}

const types: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** The addresses of the page's screens; see frontend/lib/routes.ts. */
const pagePaths = [
  "/messages",
  "/messages/:id",
  "/u/:username",
  "/notifications",
  "/settings/notifications",
  "/login",
  "/register",
];

/** Built files whose names stay while their content changes. */
const unhashed = ["sw.js", "status.js", "status.css"];

/** As a build names its files: nothing that leads elsewhere, or that no file could be called. */
const fileName = /^(?:[a-z]+\/)?[\w-][\w.-]{0,199}$/;

/** The page: one shell of HTML for all its addresses, and its built files. */
export function pageRoutes(app: Hono, options: PageOptions): void {
  const { folder, dev } = options;
  let kept: Manifest | undefined;
  const manifest = async (): Promise<Manifest> =>
    dev || !kept ? kept = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) : kept;

  app.get("/", (c) => c.redirect("/messages"));
  for (const path of pagePaths) {
    app.get(path, async (c) => {
      c.header("cache-control", "no-cache");
      c.header("content-security-policy", pagePolicy(options.config.parentOrigins));
      return c.html(shell({ title: "Parley", ...await manifest() }, options.config));
    });
  }
  app.get("/:file{[^/]+\\.[a-z0-9]+}", (c) => file(c, folder, c.req.param("file")));
  app.get("/assets/:file{[^/]+}", (c) => file(c, folder, `assets/${c.req.param("file")}`));
}

/**
 * A built file. Those of `assets/` bear a hash of their content in their name and never change.
 * Built for production they lie there compressed as well.
 */
async function file(c: Context, folder: string, path: string): Promise<Response> {
  const type = types[extname(path)];
  if (type === undefined || !fileName.test(path)) return c.notFound();
  const accepted = c.req.header("accept-encoding") ?? "";
  c.header("content-type", type);
  c.header("vary", "accept-encoding");
  c.header("cache-control", cacheControl(path));
  if (path === "sw.js") c.header("content-security-policy", workerPolicy);
  for (const [encoding, ending] of [["br", ".br"], ["gzip", ".gz"]] as const) {
    if (!new RegExp(`\\b${encoding}\\b`).test(accepted)) continue;
    const body = await readIfThere(join(folder, path + ending));
    if (body) return c.body(body, 200, { "content-encoding": encoding });
  }
  const body = await readIfThere(join(folder, path));
  if (body) return c.body(body);
  return c.notFound();
}

function cacheControl(path: string): string {
  if (path.startsWith("assets/")) return "public, max-age=31536000, immutable";
  // An old service worker would go on handling pushes as it used to.
  return unhashed.includes(path) ? "no-cache" : "public, max-age=3600";
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

/** No text becomes code, in browsers that can promise it. The one policy makes the worker's address. */
const trustedTypes = "require-trusted-types-for 'script'; trusted-types";

/** The service worker loads nothing but the pictures of what it shows. */
const workerPolicy = `default-src 'none'; img-src 'self'; ${trustedTypes} 'none'`;

/** Nothing but our own files runs, styles or is spoken to; only configured sites hold the page. */
export function pagePolicy(parentOrigins: string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    // Members' pictures, and those of what is talked about, are on the platform's servers.
    "img-src 'self' https:",
    // The WebSocket as well: to itself a page may speak by either protocol.
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${parentOrigins.join(" ") || "'none'"}`,
    `${trustedTypes} parley-worker`,
  ].join("; ");
}

/** The HTML of a page that its script draws. */
export function shell(page: Manifest & { title: string }, config: PageConfig) {
  // Inside a script element only `<` could end it.
  const json = JSON.stringify(config).replaceAll("<", "\\u003c");
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta
          name="viewport"
          content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
        >
        <meta name="color-scheme" content="light dark">
        <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f6f1eb">
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#171412">
        <title>${page.title}</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml">
        <link rel="manifest" href="/manifest.webmanifest">
        <link rel="stylesheet" href="${page.css}">
        ${page.preload.map((path) => html`<link rel="modulepreload" href="${path}">`)}
        <script type="application/json" id="config">${raw(json)}</script>
        <script type="module" src="${page.js}"></script>
      </head>
      <body>
        <div id="app"></div>
        <noscript>Parley needs JavaScript to show your messages.</noscript>
      </body>
    </html>
  `;
}
