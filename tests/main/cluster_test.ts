/**
 * Three processes behind HAProxy, with Redis between them, while everybody writes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { canCluster, openCluster } from "@/cluster/cluster.ts";
import { closeCodes } from "@/chat/protocol.ts";
import { converse, TestSocket } from "../support/client.ts";
import { gatherCrowd } from "../support/crowd.ts";
import { Follower } from "../support/follower.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { register } from "../support/register.ts";
import { until } from "../support/until.ts";

const members = 24;
const groups = 4;
/** Beats of five seconds after which an instance counts as gone, and one for whoever looks. */
const silentMs = 6 * 5_000;

Deno.test({
  name:
    "a process killed and Redis restarted under load: all are back in step, and present as is so",
  ignore: testPostgresUrl === undefined || !canCluster,
  async fn() {
    await using cluster = await openCluster(3, {
      DATABASE_URL: await createTestDatabase(testPostgresUrl as string),
      JWT_SECRET: "a secret for tests, long enough to be taken",
      RATE_LIMIT_SCALE: "1000",
    });
    const { servers, redis } = cluster;
    const [killed, ...others] = servers;
    const crowd = await gatherCrowd(cluster, members, groups);
    const followers = crowd.devices.map((device, n) => {
      const follower = new Follower(crowd.conversationIds[n % groups] as string);
      device.onOpened((socket) => follower.follow(socket));
      return follower;
    });
    // One who will not come back, and one who watches them from another process.
    const leaver = await register(cluster, "leaver");
    const watcher = await register(cluster, "watcher");
    const pair = await converse(cluster, leaver, watcher);
    const watching = await TestSocket.connect(others[0]!, watcher);
    const leaving = await TestSocket.connect(killed!, leaver);
    await leaving.say(pair, "I am here");
    await watching.next("new_message");
    // And one whom they watch who has a connection to two.
    const staying = await TestSocket.connect(others[1]!, crowd.users[0]!);
    await Promise.all([staying.settled(), watching.settled()]);

    crowd.write();
    await crowd.round();
    killed!.program.kill("SIGKILL");
    await killed!.program.exited;
    const killedAt = performance.now();
    await crowd.round();
    const cut = crowd.devices.reduce((sum, device) => sum + device.reconnects, 0);
    assert.ok(cut > 0 && cut < members, `${cut} of ${members} were on the one that was killed`);

    // The others beat on, and find that one does not.
    await until(
      () => watching.frames.some((one) => one.type === "user_offline" && one.userId === leaver.id),
      silentMs + 20_000,
    );
    console.log(`Gone after ${Math.round((performance.now() - killedAt) / 1_000)} s`);
    const answer = await watching.request({ type: "sync", heads: {} });
    assert.deepEqual(answer.type === "sync_result" && answer.online, []);

    await redis.halt();
    await crowd.round();
    await redis.resume();
    await crowd.round();

    await killed!.start();
    await crowd.round();
    const stored = await crowd.check();
    await until(async () => {
      await Promise.all(followers.map((follower) => follower.settled()));
      return followers.every(({ held }, n) =>
        held.size === stored.get(crowd.conversationIds[n % groups] as string)?.length
      );
    });
    for (const [n, { held }] of followers.entries()) {
      const all = stored.get(crowd.conversationIds[n % groups] as string) ?? [];
      assert.deepEqual(
        [...held.values()].sort((a, b) => a.seq - b.seq).map(({ id }) => id),
        all.map(({ id }) => id),
      );
    }
    // Everybody is online, wherever they are now.
    const sync = await crowd.devices[0]!.request({ type: "sync", heads: {} });
    const fellows = crowd.users.filter((_, n) => n % groups === 0 && n > 0).map(({ id }) => id);
    assert.deepEqual(sync.type === "sync_result" && sync.online.toSorted(), fellows.sort());

    const codes = crowd.devices.flatMap((device) => device.closeCodes);
    assert.deepEqual(codes.filter((code) => ![0, 1006, closeCodes.restart].includes(code)), []);
    console.log(
      `${crowd.waits.length} messages, ${codes.length} reconnects; the longest wait was ` +
        `${Math.round(Math.max(...crowd.waits))} ms`,
    );
    for (const { program } of servers) assert.equal(program.output().stderr, "");
    await Promise.all(crowd.devices.map((device) => device.close()));
    for (const socket of [watching, staying]) await socket.close();
  },
});
