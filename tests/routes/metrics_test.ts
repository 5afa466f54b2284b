import assert from "node:assert/strict";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { metricsToken, readMetrics } from "../support/metrics.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { hasRedis, startRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const env = { METRICS_TOKEN: metricsToken };

Deno.test("whoever has not the token for it finds no /metrics, as if there were none", async () => {
  await using closed = await startServer();
  await using server = await startServer({ env });
  const { token } = await server.addUser("ana");
  const answer = async (url: string, path: string, authorization?: string) => {
    const response = await fetch(url + path, {
      ...authorization && { headers: { authorization } },
    });
    const text = (await response.text()).replaceAll(path, "…");
    return JSON.stringify([response.status, text, [...response.headers].sort()])
      .replace(/"date","[^"]*"/, "");
  };
  const none = await answer(server.url, "/nothing");
  assert.match(none, /^\[404,/);
  const refused = [
    await answer(closed.url, "/metrics", `Bearer ${metricsToken}`),
    await answer(server.url, "/metrics"),
    await answer(server.url, "/metrics", `Bearer ${metricsToken}x`),
    await answer(server.url, "/metrics", `Bearer ${token}`),
    await answer(server.url, `/metrics?token=${metricsToken}`),
  ];
  for (const one of refused.slice(0, 4)) assert.equal(one, none);
  assert.match(refused[4] as string, /^\[404,/);
  assert.ok((await readMetrics(server)).size > 50);
});

/** Two members who write to each other, and a socket of each. */
async function talk(server: TestServer) {
  const ana = await server.addUser("ana");
  const ben = await server.addUser("ben");
  const conversationId = await converse(server, ana, ben);
  return {
    ana,
    ben,
    conversationId,
    sockets: [await TestSocket.connect(server, ana), await TestSocket.connect(server, ben)],
  };
}

Deno.test("what happens is counted, by frame, message, sync, close and route", async () => {
  await using server = await startServer({ env });
  const { ana, conversationId, sockets: [one, other] } = await talk(server);
  const clientId = crypto.randomUUID();
  const send = { type: "send_message", clientId, conversationId, content: "Hello" } as const;
  await one!.request(send);
  await one!.request(send);
  await other!.next("new_message");
  other!.send({ type: "mark_read", conversationId, seq: 1 });
  await one!.next("message_read");
  await one!.request({ type: "sync", heads: {} });
  await call(server, "GET", `/api/messages/${conversationId}/messages`, { as: ana });
  await call(server, "GET", `/api/messages/${crypto.randomUUID()}/messages`, { as: ana });
  one!.socket.close(1000);
  await one!.closed;
  await until(() => server.chat.connections.size === 1);

  const metrics = await readMetrics(server);
  const value = (name: string) => metrics.get(name);
  assert.equal(value("parley_messages_total"), 1);
  assert.equal(value("parley_messages_repeated_total"), 1);
  assert.equal(value('parley_frames_received_total{type="send_message"}'), 2);
  assert.equal(value('parley_frames_sent_total{type="message_sent"}'), 2);
  assert.equal(value('parley_frames_sent_total{type="connected"}'), 2);
  assert.equal(value('parley_frames_sent_total{type="message_read"}'), 2);
  assert.equal(value("parley_sync_conversations_count"), 1);
  assert.equal(value("parley_sync_conversations_sum"), 1);
  assert.equal(value("parley_sync_messages_sum"), 0);
  assert.equal(value('parley_batch_size_sum{queue="writer"}'), 2);
  assert.equal(value('parley_batch_seconds_count{queue="writer"}'), 2);
  assert.equal(value('parley_batch_size_sum{queue="marker"}'), 1);
  assert.equal(value('parley_queue_depth{queue="writer"}'), 0);
  assert.equal(value("parley_connections"), 1);
  assert.equal(value("parley_members"), 1);
  assert.equal(value('parley_connections_closed_total{code="1000"}'), 1);
  const history = 'method="GET",route="/api/messages/:conversationId/messages"';
  for (const status of [200, 404]) {
    const series = `parley_http_request_seconds_count{${history},status="${status}"}`;
    assert.equal(value(series), 1, series);
  }
  assert.ok((value("process_resident_memory_bytes") ?? 0) > 1e7);
  assert.ok((value("process_cpu_seconds_total") ?? 0) > 0);
  await other!.close();
});

Deno.test("no sender can add to the series: what is of no known kind is other", async () => {
  await using server = await startServer({ env });
  const { ana, sockets: [one, other] } = await talk(server);
  const before = [...(await readMetrics(server)).keys()];
  for (const type of ["made_up_1", "made_up_2", "constructor", "__proto__", 7, { toString: 1 }]) {
    one!.socket.send(JSON.stringify({ type, id: "x" }));
    await one!.next("error");
  }
  for (const text of ["{", "[]", "null", '"x"']) {
    one!.socket.send(text);
    await one!.next("error");
  }
  for (const path of ["/a", "/b/c", "/api/nothing", "/api/messages/x/y/z", "/%ff"]) {
    await (await fetch(server.url + path)).body?.cancel();
    await (await fetch(server.url + path, { method: "PROPFIND" })).body?.cancel();
  }
  one!.socket.close(4999);
  await one!.closed;
  await other!.close();
  await until(() => server.chat.connections.size === 0);
  const metrics = await readMetrics(server);
  const added = [...metrics.keys()].filter((series) => !before.includes(series))
    .map((series) => series.replace(/le="[^"]*",|_(bucket|sum|count)/g, ""));
  const route = (method: string, path: string, status: number) =>
    `parley_http_request_seconds{method="${method}",route="${path}",status="${status}"}`;
  assert.deepEqual(
    [...new Set(added)].sort(),
    [
      route("GET", "/metrics", 200),
      route("GET", "other", 404),
      route("other", "other", 404),
    ],
  );
  assert.equal(metrics.get('parley_frames_received_total{type="other"}'), 10);
  assert.equal(metrics.get('parley_connections_closed_total{code="other"}'), 1);
  assert.equal((await call(server, "GET", "/api/auth/me", { as: ana })).status, 200);
});

const ways = [
  { name: "LISTEN/NOTIFY", ignore: false, open: () => Promise.resolve(undefined) },
  { name: "Redis", ignore: !hasRedis, open: () => startRedis() },
];

for (const { name, ignore, open: openWay } of ways) {
  Deno.test({
    name: `between instances the bus tells how it fares, and servers count apart (${name})`,
    ignore: testPostgresUrl === undefined || ignore,
    async fn() {
      await using redis = await openWay();
      const way: Record<string, string> = redis ? { REDIS_URL: redis.url } : {};
      const DATABASE_URL = await createTestDatabase(testPostgresUrl as string);
      const open = async () => {
        const database = await openPostgres(DATABASE_URL);
        await migrate(database.db);
        return await startServer({ database, env: { ...env, ...way, DATABASE_URL } });
      };
      // First: what its database takes of this process' memory would have sockets asked, or ended.
      await using apart = await startServer({ env });
      await using server = await open();
      // One that is alone tells nobody.
      await using _other = await open();
      const { conversationId, sockets } = await talk(server);
      await sockets[0]!.say(conversationId, "Hello");
      let metrics = new Map<string, number>();
      // What is told may be heard before its batch is known to have ended.
      const both = ["parley_bus_lag_seconds_count", 'parley_batch_size_sum{queue="bus"}'];
      await until(async () => {
        metrics = await readMetrics(server);
        return both.every((name) => (metrics.get(name) ?? 0) > 0);
      });
      assert.ok((metrics.get("parley_bus_lag_seconds_sum") ?? 0) > 0);
      assert.equal(metrics.get("parley_messages_total"), 1);
      assert.equal((await readMetrics(apart)).get("parley_messages_total"), 0);
      for (const socket of sockets) await socket.close();
    },
  });
}

interface Dashboard {
  templating: { list: { name: string }[] };
  panels: { type: string; title: string; targets?: { expr: string }[] }[];
}

/** Each family's name and kind, as `/metrics` declares them. */
async function readFamilies(server: TestServer): Promise<Map<string, string>> {
  const headers = { authorization: `Bearer ${metricsToken}` };
  const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
  return new Map(
    [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, kind]) => [name!, kind!]),
  );
}

Deno.test("the dashboard names no metric and no label that is not there, and leaves none out", async () => {
  const vapid = createVapidKeys();
  await using server = await startServer({
    env: {
      ...env,
      VAPID_PUBLIC_KEY: vapid.publicKey,
      VAPID_PRIVATE_KEY: vapid.privateKey,
      VAPID_SUBJECT: "mailto:operator@example.com",
    },
  });
  await call(server, "GET", "/api/health");
  const families = await readFamilies(server);
  const series = [...(await readMetrics(server)).keys()];
  const dashboard: Dashboard = JSON.parse(
    await Deno.readTextFile(new URL("../../docs/grafana.json", import.meta.url)),
  );
  const used = new Set<string>();
  const panels = dashboard.panels.filter(({ type }) => type !== "row");
  assert.ok(panels.length > 15);
  for (const { title, targets = [] } of panels) {
    assert.ok(targets.length > 0, title);
    for (const { expr } of targets) {
      const named = expr.match(/\b(?:parley|process)_\w+/g) ?? [];
      assert.ok(named.length > 0, expr);
      for (const name of named) {
        const family = name.replace(/_(bucket|sum|count)$/, "");
        const kind = families.get(name) ?? families.get(family);
        assert.ok(kind, `${title}: there is no ${name}`);
        assert.equal(families.has(name), kind !== "histogram", `${title}: ${name}`);
        // What only grows is looked at by its rate.
        if (kind !== "gauge" && !name.includes("start_time")) assert.match(expr, /\brate\(/, expr);
        used.add(families.has(name) ? name : family);
        const own = series.filter((one) => one.startsWith(name));
        for (const label of (/ by \((.*?)\)/.exec(expr)?.[1] ?? "").split(/, */)) {
          // Prometheus adds the instance itself; of jobs there has been none.
          if (["", "instance"].includes(label) || own.length === 0) continue;
          assert.ok(own.some((one) => one.includes(`${label}="`)), `${title}: ${label} of ${name}`);
        }
      }
      const variables = [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name as string);
      const known = ["__rate_interval", ...dashboard.templating.list.map(({ name }) => name)];
      assert.deepEqual(variables.filter((name) => !known.includes(name)), [], expr);
    }
  }
  assert.deepEqual([...families.keys()].filter((name) => !used.has(name)), []);
});
