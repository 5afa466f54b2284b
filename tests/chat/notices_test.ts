import assert from "node:assert/strict";
import { Away, hour, minute } from "../support/away.ts";
import { converse } from "../support/client.ts";
import { testDatabases } from "../support/server.ts";

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `twelve messages in one pause are told in one mail (${name})`,
    ignore,
    async fn() {
      await using away = await Away.start({ database: await open() });
      const [ana, jonas] = [await away.addUser("ana"), await away.addUser("jonas")];
      const id = await converse(away.server, ana, jonas);
      for (let n = 1; n <= 12; n++) await away.say(ana, id, `Message number ${n}.`);

      await away.pass(4 * minute);
      assert.equal(away.smtp.mails.length, 0);
      await away.pass(minute);
      await away.pass(hour);
      const [mail, ...more] = away.smtp.mails;
      assert.deepEqual([mail?.to, more.length], [["jonas@example.com"], 0]);
      assert.match(mail?.parsed.text ?? "", /number 1\.[^]*number 5\.[^]*7 more/);
      assert.doesNotMatch(mail?.parsed.text ?? "", /number 6\./);
    },
  });
}
