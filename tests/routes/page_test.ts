import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { get, type IncomingHttpHeaders } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Status } from "@/chat/status.ts";
import { createApp } from "@/routes/app.ts";
import type { PageConfig } from "@/routes/page.ts";
import { SocketGuard } from "@/routes/socket_guard.ts";
import { buildPage } from "@/utils/build.ts";
import { Metrics } from "@/utils/metrics.ts";
import { silentLog, startServer } from "../support/server.ts";

/** The page as it is built for production, with a file beside it that is nobody's to read. */
let parent = "";
let folder = "";

Deno.test.beforeAll(async () => {
  parent = await Deno.makeTempDir();
  folder = `${parent}/dist`;
  await Deno.writeTextFile(`${parent}/secret.json`, "a secret");
  await buildPage({ outDir: folder });
});

Deno.test.afterAll(() => Deno.remove(parent, { recursive: true }));

const config: PageConfig = {
  localAccounts: true,
  tabs: [],
  demoMembers: null,
  demoPassword: null,
  parentOrigins: [],
  heartbeatSeconds: 30,
  emailAvailable: true,
  emailContentAllowed: true,
  vapidPublicKey: null,
};

/** A server of the page in `folder`. */
async function servePage(more: Partial<PageConfig> = {}) {
  const { chat, tokens, ...server } = await startServer();
  const app = createApp(chat, tokens, {
    publicUrl: "http://localhost:8000",
    allowedOrigins: [],
    localAccounts: true,
    heartbeatSeconds: 30,
    silenceSeconds: 120,
    guard: new SocketGuard(silentLog, 120),
    metrics: new Metrics(),
    status: new Status(chat),
    page: { folder, dev: false, config: { ...config, ...more } },
  });
  const page = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  return {
    port: page.addr.port,
    async [Symbol.asyncDispose]() {
      await page.shutdown();
      await server.close();
    },
  };
}

interface Raw {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Asks for a path exactly as it is written, and takes the answer exactly as it comes. */
function fetchRaw(port: number, path: string, headers: Record<string, string> = {}): Promise<Raw> {
  const { promise, resolve, reject } = Promise.withResolvers<Raw>();
  get({ host: "127.0.0.1", port, path, headers, agent: false }, async (response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    resolve({
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: Buffer.concat(chunks),
    });
  }).on("error", reject);
  return promise;
}

/** The addresses of the built script and style sheet. */
async function readManifest(): Promise<{ js: string; css: string; preload: string[] }> {
  return JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`));
}

Deno.test("all addresses of the page answer with one shell of its built files", async () => {
  await using server = await servePage();
  const { js, css } = await readManifest();
  const id = "0197a3c0-0000-7000-8000-000000000000";
  const paths = [
    "/messages",
    `/messages/${id}`,
    "/u/ana",
    "/notifications",
    "/settings/notifications",
    "/login",
    "/register",
  ];
  const shells = await Promise.all(paths.map((path) => fetchRaw(server.port, path)));
  for (const { status, headers, body } of shells) {
    assert.equal(status, 200);
    assert.match(headers["content-type"] ?? "", /^text\/html; charset=utf-8/i);
    assert.equal(headers["cache-control"], "no-cache");
    assert.equal(body.toString(), shells[0]!.body.toString());
  }
  const html = shells[0]!.body.toString();
  assert.match(html.trim(), /^<!doctype html>/);
  assert.ok(html.includes(`src="${js}"`) && html.includes(`href="${css}"`));
  const home = await fetchRaw(server.port, "/");
  assert.deepEqual([home.status, home.headers.location], [302, "/messages"]);
});

/** A policy's rules by name. */
const policyOf = ({ headers }: Raw) =>
  new Map(
    String(headers["content-security-policy"]).split("; ").map((rule) => {
      const [name = "", ...sources] = rule.split(" ");
      return [name, sources.join(" ")];
    }),
  );

Deno.test("the shell runs nothing but our own files, and nobody may frame it", async () => {
  await using server = await servePage();
  const shell = await fetchRaw(server.port, "/messages");
  assert.deepEqual(Object.fromEntries(policyOf(shell)), {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' https:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "parley-worker",
  });
  assert.equal(shell.headers["x-frame-options"], "DENY");
  assert.equal(shell.headers["x-content-type-options"], "nosniff");
  // Scripts: the configuration, which is data, and the bundle. Nothing inline that the rules forbid.
  const html = shell.body.toString();
  const scripts = [...html.matchAll(/<script ([^>]*)>/g)].map(([, rest]) => rest);
  assert.equal(scripts.length, 2);
  assert.ok(!/<style| style=|\son[a-z]+=/i.test(html));
});

Deno.test("the operator's page is as strict, and loads its own files alone", async () => {
  await using server = await servePage();
  const page = await fetchRaw(server.port, "/admin/status");
  assert.deepEqual(policyOf(page), policyOf(await fetchRaw(server.port, "/messages")));
  assert.equal(page.headers["x-frame-options"], "DENY");
  const html = page.body.toString();
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, path]) => path);
  assert.deepEqual(loaded, ["/status.css", "/status.js"]);
  for (const path of loaded as string[]) {
    const { status, headers, body } = await fetchRaw(server.port, path);
    // Their names stay while they change.
    assert.deepEqual([status, headers["cache-control"]], [200, "no-cache"]);
    assert.ok(!/\bimport\b\s*["({]/.test(body.toString()), "One file");
  }
});

Deno.test("configured sites may frame the shell, and they alone", async () => {
  const parentOrigins = ["https://site.example", "https://other.example"];
  await using server = await servePage({ parentOrigins });
  const shell = await fetchRaw(server.port, "/messages");
  assert.equal(policyOf(shell).get("frame-ancestors"), parentOrigins.join(" "));
  // It could not name them.
  assert.equal(shell.headers["x-frame-options"], undefined);
});

Deno.test("the service worker may load pictures, and make code of no text", async () => {
  await using server = await servePage();
  assert.deepEqual(Object.fromEntries(policyOf(await fetchRaw(server.port, "/sw.js"))), {
    "default-src": "'none'",
    "img-src": "'self'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
  });
});

Deno.test("what the script begins with importing is fetched along with it", async () => {
  await using server = await servePage();
  const { js, preload } = await readManifest();
  const script = (await fetchRaw(server.port, js)).body.toString();
  assert.ok(preload.length > 0);
  const html = (await fetchRaw(server.port, "/messages")).body.toString();
  for (const path of preload) {
    assert.ok(html.includes(`<link rel="modulepreload" href="${path}">`), path);
    assert.ok(script.includes(path.slice(path.lastIndexOf("/") + 1)), path);
  }
});

Deno.test("configuration stays data, whatever a label holds", async () => {
  const tabs = [
    { value: "a", label: "</script><script>alert(1)</script>" },
    { value: "b", label: "<!-- <script>" },
    { value: "c", label: '"; alert(1) //\u2028 & Ümläute' },
  ];
  await using server = await servePage({ tabs });
  const html = (await fetchRaw(server.port, "/messages")).body.toString();
  assert.equal(html.match(/<script/g)?.length, 2);
  assert.equal(html.match(/<\/script/g)?.length, 2);
  const [, json = ""] = /id="config">(.*?)<\/script>/s.exec(html) ?? [];
  assert.deepEqual(JSON.parse(json), { ...config, tabs });
});

Deno.test("built files never change, and come compressed to those who take it", async () => {
  await using server = await servePage();
  const { css, preload: [js = ""] } = await readManifest();
  for (const [path, type] of [[js, "text/javascript"], [css, "text/css"]] as const) {
    assert.match(path, /^\/assets\/(app|chunk)-[A-Z0-9]{8}\./);
    const plain = await fetchRaw(server.port, path);
    assert.equal(plain.status, 200);
    assert.equal(plain.headers["content-encoding"], undefined);
    const asked: [string, string, (body: Buffer) => Buffer][] = [
      ["br", "br", brotliDecompressSync],
      ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
      ["gzip", "gzip", gunzipSync],
    ];
    for (const [accept, encoding, unpack] of asked) {
      const { headers, body } = await fetchRaw(server.port, path, { "accept-encoding": accept });
      assert.equal(headers["content-encoding"], encoding);
      assert.match(headers["content-type"] ?? "", new RegExp(`^${type}`));
      assert.equal(headers["cache-control"], "public, max-age=31536000, immutable");
      assert.match(headers.vary ?? "", /accept-encoding/i);
      assert.ok(body.length < plain.body.length / 2);
      assert.ok(unpack(body).equals(plain.body));
    }
  }
});

Deno.test("the static files are there, each as what it is, and may change", async () => {
  await using server = await servePage();
  for (
    const [path, type] of [
      ["/favicon.svg", "image/svg+xml"],
      ["/icon-192.png", "image/png"],
      ["/manifest.webmanifest", "application/manifest+json"],
    ] as const
  ) {
    const { status, headers } = await fetchRaw(server.port, path);
    assert.deepEqual([status, headers["content-type"]], [200, type]);
    assert.equal(headers["cache-control"], "public, max-age=3600");
  }
});

Deno.test("the service worker has the whole site for its scope, and is asked for anew", async () => {
  await using server = await servePage();
  const { status, headers, body } = await fetchRaw(server.port, "/sw.js");
  assert.deepEqual([status, headers["cache-control"]], [200, "no-cache"]);
  assert.match(headers["content-type"] ?? "", /^text\/javascript/);
  assert.match(body.toString(), /^\(\(\)=>.*showNotification/);
  assert.ok(!/\bimport\b/.test(body.toString()), "One file");
});

Deno.test("nothing outside the built folder is to be had by any spelling of a path", async () => {
  await using server = await servePage();
  const ups = ["..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "....", "%c0%ae%c0%ae"];
  const slashes = ["/", "%2f", "%5c", "\\", "%252f", "//"];
  const paths = ups.flatMap((up) =>
    slashes.flatMap((slash) => [
      `/${up}${slash}secret.json`,
      `/assets/${up}${slash}${up}${slash}secret.json`,
      `/assets${slash}${up}${slash}${up}${slash}secret.json`,
    ])
  );
  const absolute = `${parent}/secret.json`;
  const encoded = encodeURIComponent(absolute);
  paths.push(absolute, `/assets/${absolute}`, `/assets/${encoded}`, `/${encoded}`, `//${encoded}`);
  for (const path of paths) {
    const { status, body } = await fetchRaw(server.port, path);
    assert.ok(status === 404 || status === 400, `${path} is ${status}`);
    assert.ok(!body.includes("a secret"), path);
  }
});

Deno.test("names that no file has are not found, and no failure", async () => {
  await using server = await servePage();
  const { js } = await readManifest();
  const paths = [
    "/assets/none.js",
    "/none.js",
    "/static/none.js",
    "/a%00.js",
    "/assets/a%00.js",
    `/${"x".repeat(300)}.js`,
    "/manifest.json%2fx.js",
    "/assets/",
    "/assets",
    "/assets/%ff.js",
    "/.hidden.json",
    `${js}.br`,
    "/parley.lock",
    "/constructor.js",
  ];
  for (const path of paths) {
    const { status, headers } = await fetchRaw(server.port, path);
    assert.equal(status, 404, path);
    // A file of the next version may be asked for a moment before it is there.
    assert.equal(headers["cache-control"], "no-store", path);
  }
});
