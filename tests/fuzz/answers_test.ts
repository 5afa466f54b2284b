import assert from "node:assert/strict";
import { Answers } from "./answers.ts";
import { expectFrame } from "./expect.ts";

const conversationId = "01a1fe7a-9cef-7bdc-a2fc-6fe57d9079d4";
const error = (code: string, replyTo?: string) => ({ type: "error", code, ...reply(replyTo) });
const reply = (replyTo?: string) => replyTo === undefined ? {} : { replyTo };

function expecting(inputs: object[]): Answers {
  const answers = new Answers();
  for (const input of inputs) {
    const sent = JSON.stringify(input);
    const expected = expectFrame(sent);
    assert.ok(!("close" in expected));
    answers.expect({ ...expected, sent });
  }
  return answers;
}

Deno.test("an error is any one's that it can be, until the answers show whose it was", () => {
  for (const id of [undefined, "", "twice"]) {
    const answers = expecting([
      { type: "auth", token: "a token", id },
      { type: "typing_start", conversationId, id },
    ]);
    // The second one's, as it turns out.
    answers.take(error("not_found", id));
    answers.take({ type: "authenticated", ...reply(id) });
    assert.equal(answers.due, 0);
    assert.throws(() => answers.take(error("not_found", id)), /Answers nothing/);
  }
});

Deno.test("it goes on from one input to the next, as far as it must", () => {
  const answers = expecting([
    { type: "ping" },
    { type: "sync", heads: {} },
    { type: "auth", token: "a token" },
    { type: "typing_stop", conversationId },
  ]);
  for (const code of ["rate_limited", "rate_limited", "unauthenticated"]) answers.take(error(code));
  assert.equal(answers.due, 0);
  answers.take({ type: "sync_result" });
  assert.throws(() => answers.take({ type: "pong" }), /Answers nothing/);
});

Deno.test("what has another id, or a code that nothing was due, answers nothing", () => {
  const answers = expecting([{ type: "ping", id: "1" }, { type: "ping", id: "2", at: "no" }]);
  assert.throws(() => answers.take({ type: "pong" }), /Answers nothing/);
  assert.throws(() => answers.take({ type: "pong", replyTo: "3" }), /Answers nothing/);
  assert.throws(() => answers.take(error("invalid_input", "1")), /Answers nothing/);
  assert.throws(() => answers.take(error("internal", "1")), /Answers nothing/);
  answers.take({ type: "pong", replyTo: "1" });
  assert.throws(() => answers.take({ type: "pong", replyTo: "1" }), /Answers nothing/);
  assert.equal(answers.due, 1);
  assert.match(answers.waiting().join(), /"id":"2"/);
});
