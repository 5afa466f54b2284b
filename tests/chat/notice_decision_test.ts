import assert from "node:assert/strict";
import {
  type Circumstances,
  decide,
  type Decision,
  type Notice,
  silenceMs,
} from "@/chat/notice_decision.ts";
import { limits } from "@/chat/protocol.ts";

const now = 1_000_000;

const due: Notice = { pushAt: now, emailAt: now, pushedSeq: 0, emailedSeq: 0, emailedAt: null };
const away: Circumstances = {
  hears: true,
  lastUnreadSeq: 7,
  active: false,
  quietUntil: null,
  push: true,
  email: true,
  emailDelayMs: 300_000,
};

const nothing: Decision = {
  list: false,
  push: false,
  email: false,
  pushAt: null,
  emailAt: null,
};

function decided(
  notice: Partial<Notice>,
  is: Partial<Circumstances>,
  horizon = now,
): Decision {
  return decide({ ...due, ...notice }, now, horizon, { ...away, ...is });
}

Deno.test("a notice of unread messages is told on every channel that is due", () => {
  assert.deepEqual(decided({}, {}), { ...nothing, list: true, push: true, email: true });
});

Deno.test("a notice is told on the channel whose time has come, and the other one waits on", () => {
  assert.deepEqual(
    decided({ emailAt: now + 1 }, {}),
    { ...nothing, list: true, push: true, emailAt: now + 1 },
  );
  assert.deepEqual(
    decided({ pushAt: now + 1 }, {}),
    { ...nothing, email: true, pushAt: now + 1 },
  );
});

Deno.test("a notice ends when its messages are read, or its member no longer hears of them", () => {
  assert.deepEqual(decided({}, { lastUnreadSeq: 0 }), nothing);
  assert.deepEqual(decided({}, { hears: false }), nothing);
});

Deno.test("what is not due yet stays, since messages that come until then rely on it", () => {
  const later = { pushAt: now + 1, emailAt: now + 9 };
  for (const is of [{}, { lastUnreadSeq: 0 }, { hears: false }, { active: true }]) {
    assert.deepEqual(decided(later, is), { ...nothing, ...later });
  }
  assert.deepEqual(
    decided(later, {}, now + 60_000),
    { ...nothing, email: true, pushAt: now + 1 },
  );
});

Deno.test("messages for which no mail waits find a time for it", () => {
  assert.equal(decided({ emailAt: null }, {}).emailAt, now + 300_000);
  assert.equal(decided({ emailAt: null }, { email: false }).emailAt, null);
  assert.equal(decided({ emailAt: null, emailedSeq: 7 }, {}).emailAt, null);
  const emailedAt = now - 1_000;
  assert.equal(decided({ emailAt: null, emailedAt }, {}).emailAt, emailedAt + silenceMs);
});

Deno.test("a notice tells nothing twice", () => {
  assert.deepEqual(decided({ pushedSeq: 7, emailedSeq: 7 }, {}), nothing);
  assert.deepEqual(
    decided({ pushedSeq: 6, emailedSeq: 7 }, {}),
    { ...nothing, list: true, push: true },
  );
});

Deno.test("a channel that is off is left out, the list in the page is not", () => {
  assert.deepEqual(decided({}, { push: false, email: false }), { ...nothing, list: true });
});

Deno.test("a member who is using the page is told outside of it only once they have stopped", () => {
  assert.deepEqual(decided({}, { active: true }), {
    ...nothing,
    list: true,
    pushAt: now + limits.activeMs,
    emailAt: now + 300_000,
  });
  assert.equal(decided({}, { active: true, emailDelayMs: 0 }).emailAt, now + limits.activeMs);
});

Deno.test("quiet hours put off push and mail until they end, and not the list", () => {
  const quietUntil = now + 12_345;
  assert.deepEqual(
    decided({}, { quietUntil }),
    { ...nothing, list: true, pushAt: quietUntil, emailAt: quietUntil },
  );
});

Deno.test("after a mail there is silence for a day, and only for mail", () => {
  const emailedAt = now - 1_000;
  assert.deepEqual(
    decided({ emailedAt, emailedSeq: 3 }, {}),
    { ...nothing, list: true, push: true, emailAt: emailedAt + silenceMs },
  );
  assert.equal(decided({ emailedAt: now - silenceMs, emailedSeq: 3 }, {}).email, true);
});

Deno.test("mail that waits a little longer goes with another one", () => {
  const emailAt = now + 50_000;
  assert.equal(decided({ emailAt }, {}, now).email, false);
  assert.equal(decided({ emailAt }, {}, now + 60_000).email, true);
});
