/**
 * Two processes behind one address are replaced one after the other while everybody writes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { closeCodes } from "@/chat/protocol.ts";
import { startBalancer } from "../support/balancer.ts";
import { TestSocket } from "../support/client.ts";
import { gatherCrowd } from "../support/crowd.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { type Program, startProgram } from "../support/process.ts";

const members = 30;
const groups = 5;

Deno.test({
  name: "a rolling restart under load loses nothing, doubles nothing and keeps each one's order",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const env = {
      DATABASE_URL: await createTestDatabase(testPostgresUrl as string),
      JWT_SECRET: "a secret for tests, long enough to be taken",
      RATE_LIMIT_SCALE: "1000",
    };
    const start = () => startProgram("start", env);
    const programs: Program[] = [start(), start()];
    const portOf = async (program: Program) => Number(new URL(await program.ready).port);
    try {
      await using balancer = startBalancer(await Promise.all(programs.map(portOf)));
      const crowd = await gatherCrowd(balancer, members, groups);
      crowd.write();

      for (let n = 0; n < programs.length; n++) {
        const old = programs[n] as Program;
        const direct = { url: await old.ready };
        const watching = await TestSocket.connect(direct, crowd.users[0]!);
        old.kill("SIGTERM");
        assert.equal((await watching.closed).code, closeCodes.restart);
        assert.equal(await old.exited, 0, JSON.stringify(old.output()));
        assert.equal(old.output().stderr, "");
        programs[n] = start();
        balancer.ports[n] = await portOf(programs[n] as Program);
        // Written to both again, for a while.
        await crowd.round();
      }
      await crowd.check();

      for (const device of crowd.devices) {
        assert.deepEqual(device.closeCodes.filter((code) => code !== closeCodes.restart), []);
      }
      const reconnects = crowd.devices.reduce((sum, device) => sum + device.reconnects, 0);
      assert.ok(reconnects >= members, `${reconnects} reconnects`);
      const longest = Math.max(...crowd.waits);
      console.log(
        `${crowd.waits.length} messages, ${reconnects} reconnects; the longest wait was ` +
          `${Math.round(longest)} ms`,
      );
      assert.ok(longest < 15_000, `${longest} ms`);
      await Promise.all(crowd.devices.map((device) => device.close()));
    } finally {
      for (const program of programs) program.kill("SIGTERM");
      for (const program of programs) assert.equal(await program.exited, 0);
    }
  },
});
