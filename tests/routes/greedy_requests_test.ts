import assert from "node:assert/strict";
import { limits } from "@/chat/protocol.ts";
import { call } from "../support/client.ts";
import { RawHttp } from "../support/raw_http.ts";
import type { TestUser } from "../support/server.ts";
import { cannotTalk, withTalk } from "../support/talk.ts";
import { until } from "../support/until.ts";

/** The answers' status lines, each once, with how often it came. */
function tally(answers: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? "none";
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

const times = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

Deno.test({
  name: "requests that dawdle or are too much keep nobody from writing",
  ignore: cannotTalk,
  fn: (t) =>
    withTalk({ growth: 280, others: 2 }, async (talk) => {
      const { server } = talk;
      const [eve, leo] = talk.others as [TestUser, TestUser];
      const before = talk.openFiles();
      const post = (path: string, as?: TestUser) =>
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
        (as ? `Authorization: Bearer ${as.token}\r\n` : "");

      // A byte now and then, for as long as the rest takes: nothing may be kept of more than that.
      const heads = await times(200, () =>
        RawHttp.open(server, "GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: "));
      const bodies = await times(200, (n) =>
        RawHttp.open(
          server,
          n % 2
            ? `${post("/api/auth/login")}Content-Length: 900\r\n\r\n`
            : `${post("/api/messages/send", eve)}Content-Length: 900\r\n\r\n`,
        ));
      const drip = setInterval(() => {
        for (const one of [...heads, ...bodies]) {
          one.write("x").catch(() => {});
        }
      }, 500);
      const answers = Promise.all(bodies.map((one) =>
        one.answer()
      ));

      await t.step("a hundred bodies of 64 KiB at once are all taken", async () => {
        const taken = await times(100, async (n) => {
          const json = JSON.stringify({
            clientId: crypto.randomUUID(),
            recipientId: leo.id,
            content: `number ${n}`,
          });
          const raw = await RawHttp.open(
            server,
            `${post("/api/messages/send", eve)}Content-Length: ${limits.frameBytes}\r\n\r\n`,
          );
          await raw.write(json.padEnd(limits.frameBytes, " "));
          const answer = await raw.answer();
          raw.close();
          return answer;
        });
        assert.deepEqual(tally(taken), { 201: 100 });
      });
      await t.step("bodies over the limit are refused, told beforehand or not", async () => {
        const chunk = "a".repeat(60_000);
        const chunked = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
        const refused = await times(100, async (n) => {
          const raw = await RawHttp.open(
            server,
            post("/api/messages/send", eve) +
              (n % 2 ? "Content-Length: 100000000\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n"),
          );
          // As much as it takes: it is answered, and need not be read to its end.
          const writing = (async () => {
            for (let sent = 0; sent < 50; sent++) await raw.write(n % 2 ? chunk : chunked);
          })().catch(() => {});
          const answer = await raw.answer();
          raw.close();
          await writing;
          return answer;
        });
        assert.deepEqual(tally(refused), { 413: 100 });
      });
      await t.step("a body that dawdles has its answer, a head does no harm", async () => {
        assert.deepEqual(tally(await answers), { 503: 200 });
        clearInterval(drip);
        const { status } = await call(server, "GET", "/api/messages/conversations", { as: eve });
        assert.equal(status, 200);
        for (const one of [...heads, ...bodies]) one.close();
      });
      await until(() => talk.openFiles() <= before + 12);
      await talk.goesOn(5);
    }),
});
